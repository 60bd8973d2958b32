/* The adapter in vkpareto.config/1. */
#ifndef JSON_FINETUNE_H
#define JSON_FINETUNE_H

#include "json.h"
#include "recommend.h"

/* choice.adapter: null without one. */
void json_add_adapter(cJSON *choice, const struct space *);
/* "finetuning": what tuning costs and what is published of it; nothing without an adapter. */
void json_add_finetuning(cJSON *root, const struct recommendation *);

#endif
