#include "recipes.h"

#include <stdlib.h>
#include <string.h>

static bool same(const struct recipe *a, const struct recipe *b) {
  return a->spirv == b->spirv && a->bindings == b->bindings && a->push_bytes == b->push_bytes &&
         a->n_spec == b->n_spec && memcmp(a->spec, b->spec, a->n_spec * sizeof a->spec[0]) == 0;
}

size_t recipes_find(const struct recipes *recipes, const struct recipe *recipe) {
  size_t i = 0;
  while (i < recipes->n && !same(&recipes->list[i].recipe, recipe)) i++;
  return i;
}

static bool reserve(struct recipes *recipes, size_t more, struct error *err) {
  if (recipes->n + more <= recipes->capacity) return true;
  size_t wanted = 2 * (recipes->n + more);
  struct planned_recipe *grown = realloc(recipes->list, wanted * sizeof *grown);
  if (!grown) return error_set(err, ERROR_MEMORY, "out of memory for %zu pipelines", wanted);
  recipes->list = grown;
  recipes->capacity = wanted;
  return true;
}

static struct recipe recipe_of(const struct variant *variant, const struct pass *pass) {
  struct recipe recipe = {
    .spirv = spirv_find(variant->shaders[pass->shader]),
    .n_spec = pass->n_spec,
    .bindings = pass->n_bindings,
    .push_bytes = pass->push_bytes,
  };
  memcpy(recipe.spec, pass->spec, sizeof recipe.spec);
  return recipe;
}

bool recipes_add(struct recipes *recipes, const struct variant *variant, const struct kernel_case *kase,
                 const struct caps *caps, const int32_t *tuning, struct error *err) {
  struct dispatch_plan plan = {0};
  bool ok = variant->plan(variant, kase, caps, tuning, 1, &plan, err) && reserve(recipes, plan.n, err);
  for (size_t p = 0; ok && p < plan.n; p++) {
    struct planned_recipe new = {.recipe = recipe_of(variant, &plan.pass[p])};
    if (recipes_find(recipes, &new.recipe) < recipes->n) continue;
    memcpy(new.tuning, tuning, variant->n_tunables * sizeof tuning[0]);
    recipes->list[recipes->n++] = new;
  }
  dispatch_plan_free(&plan);
  return ok;
}

void recipes_free(struct recipes *recipes) {
  free(recipes->list);
  *recipes = (struct recipes){0};
}
