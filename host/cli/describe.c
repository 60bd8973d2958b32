#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cli.h"
#include "kernel.h"
#include "paragraph.h"
#include "text.h"
#include "variant_text.h"

enum { INDENT = 10 };

static void print_tunable(const struct tunable *tunable) {
  printf("  %s", tunable->name);
  for (size_t i = 0; i < tunable->n; i++) printf("%c%d", i ? '|' : ' ', (int)tunable->values[i]);
}

static void print_variant(const struct variant *variant) {
  char requires[512];
  variant_requires_text(variant, requires, sizeof requires);
  printf("\n  %s\n    requires %s\n", variant->id, requires);
  if (variant->n_tunables) {
    printf("    tunes   ");
    for (size_t i = 0; i < variant->n_tunables; i++) print_tunable(&variant->tunables[i]);
    putchar('\n');
  }
  const char *not_built = variant_not_built(variant);
  if (not_built) printf("    not built: %s\n", not_built);
}

static void print_technique(const struct family *family, const struct technique *technique) {
  printf("%s: %s\n\n", technique->id, technique->title);
  paragraph_print(0, INDENT, "op", family->summary);
  paragraph_print(0, INDENT, "what", technique->what);
  paragraph_print(0, INDENT, "source", technique->source);
  paragraph_print(0, INDENT, "wins", technique->wins);
  paragraph_print(0, INDENT, "costs", technique->costs);
  printf("\nvariants\n");
  for (size_t v = 0; v < family->n_variants; v++)
    if (strcmp(family->variants[v].technique, technique->id) == 0) print_variant(&family->variants[v]);
}

/* Without regard to case; a miss names the nearest. */
static bool find_technique(const char *word, const struct family **family, const struct technique **technique,
                           struct error *err) {
  const char *ids[256];
  size_t n = 0;
  for (size_t f = 0; f < n_families; f++)
    for (size_t t = 0; t < families[f]->n_techniques; t++) {
      *family = families[f];
      *technique = &families[f]->techniques[t];
      if (text_equal_nocase(word, (*technique)->id)) return true;
      if (n < sizeof ids / sizeof ids[0]) ids[n++] = (*technique)->id;
    }
  return args_unknown(err, "technique", word, ids, n);
}

static const struct args_verb verb = {
  .name = "describe",
  .about = "Tells what a technique is, where it comes from, when it wins, what it costs, and the variants that\n"
           "implement it. `vkpareto list techniques` names them all.",
  .operands = "TECHNIQUE",
  .min_operands = 1,
  .max_operands = 1,
  .example = "vkpareto describe matmul.int4_g32",
};

int cli_describe(int argc, char **argv) {
  struct args args;
  int status;
  if (!args_parse(&verb, argc, argv, &args, &status)) return status;
  struct error err = {0};
  const struct family *family = NULL;
  const struct technique *technique = NULL;
  if (!find_technique(args.operands[0], &family, &technique, &err)) return args_fail(&args, &err);
  print_technique(family, technique);
  return EXIT_DONE;
}
