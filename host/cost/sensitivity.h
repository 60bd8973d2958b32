/* How much each layer of a model loses by rounding its weights, as the user measured it (vkpareto.sensitivity/1,
 * docs/files.md): what makes a choice of formats layer by layer worth while.
 *
 * In one of two units. `nats`: per class and format a number for each layer, the delta NLL in nats per token against
 * the 16-bit model when that layer alone has the class in that format. The class in one format then loses their sum, in
 * place of the published figure; losses add to first order only, so it has the interval of those. `relative`: per class
 * a number for each layer, in any scale: the layer's share of whatever the class loses, the same in every format.
 * Shares are normalised to the sum 1, so that the class loses what was published. */
#ifndef SENSITIVITY_H
#define SENSITIVITY_H

#include "model.h"
#include "quality.h"

/* The numbers of one class, in `nats` also of one format. */
struct sensitivity_table {
  enum tensor_class class_;
  char format[32];               /* "int8_g32"; "" in `relative` */
  double *at;                    /* [layers]: nats, or shares */
  double sum;                    /* of nats */
  struct quality_figure figure;  /* for nats, that they can stand in the place of a published one */
};

struct sensitivity {
  char model[64];                /* that was measured */
  char source[256];              /* how, on what text, by whom */
  bool relative;
  size_t layers;
  struct sensitivity_table *tables;
  size_t n_tables;
};

/* Everything is checked: names, numbers of layers, doubles, and that each number is at least 0. NULL with the field
 * named in the error. Free with sensitivity_free. */
struct sensitivity *sensitivity_read(const char *path, struct error *);
struct sensitivity *sensitivity_parse(const char *text, size_t bytes, struct error *);
void sensitivity_free(struct sensitivity *);

/* The model has as many layers; its name may be another, as of a file of one's own or of a tuned model. */
bool sensitivity_fits(const struct sensitivity *, const struct model *, struct error *);
/* Anything is said of the class's layers. */
bool sensitivity_covers(const struct sensitivity *, enum tensor_class);
/* What the whole class loses in the format: by what was measured, else the published figure, which has the class's
 * share already. */
struct quality_estimate sensitivity_of_class(const struct sensitivity *, enum tensor_class, const char *format,
                                             const struct quality_estimate *published);
/* Nats that one layer loses, of a class that loses `whole` in the format; NAN: nobody knows. */
double sensitivity_of_layer(const struct sensitivity *, enum tensor_class, const char *format,
                            const struct quality_estimate *whole, size_t layer);

#endif
