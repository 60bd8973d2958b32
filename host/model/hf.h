/* A model from the config.json beside its weights on Hugging Face: the fields of the configuration classes in
 * huggingface/transformers (src/transformers/models/NAME/configuration_NAME.py), for the architectures of
 * architecture.c. */
#ifndef HF_H
#define HF_H

#include <cjson/cJSON.h>

#include "model.h"

/* Whether a JSON object looks like such a file: it names its architectures or a model_type. */
bool hf_is_config(const cJSON *root);
/* False for an unknown architecture (listing those that are known), a missing field or contradicting numbers. */
bool hf_read(const cJSON *root, struct model *, struct error *);

#endif
