#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "file.h"
#include "result_example.h"
#include "rng.h"

/* Everything a result may be asked: values stay in the ranges that the header promises. */
static void examine(const struct result *result) {
  assert_true(result->caps.type < DEVICE_TYPES && result->caps.n_heaps <= CAPS_HEAPS);
  assert_true(result->caps.limits.storage_align > 0 && result->caps.subgroup.size > 0);
  assert_true(result->ceilings.n_flops <= RESULT_CEILINGS);
  for (size_t i = 0; i < result->n_rows; i++) {
    const struct result_row *row = &result->rows[i];
    assert_true(row->id && row->op && row->technique && row->variant);
    assert_true(row->status < STATUS_COUNT && row->mode < MODE_COUNT && row->n_tuning <= KERNEL_TUNABLES);
    assert_true(status_has_time(row->status) ? row->time.median > 0 : isnan(row->time.median) && row->reason);
    for (size_t d = 0; row->family && d < row->family->n_dims; d++)
      assert_true(row->dim[d] >= row->family->dims[d].min && row->dim[d] <= row->family->dims[d].max);
  }
}

static unsigned taken, refused;

static void try(struct result *result, const struct error *err) {
  if (result) {
    examine(result);
    taken++;
  } else {
    assert_true(err->kind != ERROR_NONE && strncmp(err->text, path, strlen(path)) == 0);
    refused++;
  }
  result_free(result);
}

/* Each value of the file replaced by each of these, and removed. */
static void any_value_may_be_anything(void **state) {
  (void)state;
  static const char *const hostile[] = {
    "null", "true", "-1", "0", "1.5", "1e308", "9007199254740993", "18446744073709551616", "\"\"", "\"..\"",
    "\"x\\u001b[2J\"", "\"18446744073709551615\"", "[]", "[1,2,3,4]", "[null]", "{}", "{\"a\":{\"b\":1}}",
  };
  cJSON *root = example_json();
  cJSON *rows = cJSON_GetObjectItem(root, "rows");
  while (cJSON_GetArraySize(rows) > 1) cJSON_DeleteItemFromArray(rows, 1);   /* ok has all fields */
  char lengthy[6000] = "\"";
  memset(lengthy + 1, 'x', sizeof lengthy - 3);
  lengthy[sizeof lengthy - 2] = '"';

  cJSON *stack[64] = {root->child};   /* depth first over all values */
  taken = refused = 0;
  for (int depth = 0; depth >= 0;) {
    cJSON *item = stack[depth];
    if (!item) {
      depth--;
      if (depth >= 0) stack[depth] = stack[depth]->next;
      continue;
    }
    cJSON saved = *item;
    for (size_t h = 0; h <= sizeof hostile / sizeof *hostile; h++) {
      bool last = h == sizeof hostile / sizeof *hostile;
      struct error err = {0};
      item->type = cJSON_Raw;
      item->child = NULL;
      item->valuestring = last ? lengthy : (char *)(uintptr_t)hostile[h];
      struct result *result = reread(root, &err);
      *item = saved;
      try(result, &err);
    }
    if (saved.string) {   /* a name nobody knows: the field is missing */
      struct error err = {0};
      item->string = (char *)(uintptr_t)"unheard";
      struct result *result = reread(root, &err);
      *item = saved;
      try(result, &err);
    }
    if (item->child) stack[++depth] = item->child;
    else stack[depth] = item->next;
  }
  assert_true(taken > 500 && refused > 800);
  cJSON_Delete(root);
}

/* Bytes flipped, cut, doubled, removed. */
static void any_bytes_may_be_damaged(void **state) {
  (void)state;
  cJSON_Delete(example_json());
  size_t bytes;
  char *whole = file_read(path, 1 << 20, &bytes, NULL), *damaged = malloc(bytes);
  assert_true(whole && damaged);
  struct rng rng = rng_make(20);
  taken = refused = 0;
  for (int i = 0; i < 3000; i++) {
    memcpy(damaged, whole, bytes);
    size_t at = rng_below(&rng, bytes), length = rng_below(&rng, 30) + 1, now = bytes;
    if (at + length > bytes) length = bytes - at;
    switch (i % 4) {
      case 0: damaged[at] ^= (char)(1 << rng_below(&rng, 8)); break;
      case 1: now = at; break;
      case 2: memmove(damaged + at, damaged + at + length, bytes - at - length); now = bytes - length; break;
      default: memcpy(damaged + at, whole + rng_below(&rng, bytes - length + 1), length); break;
    }
    FILE *file = fopen(path, "w");
    assert_true(file && fwrite(damaged, 1, now, file) == now && fclose(file) == 0);
    struct error err = {0};
    struct result *result = result_read(path, &err);
    try(result, &err);
  }
  assert_true(taken > 100 && refused > 1000);
  free(damaged);
  free(whole);
}

static void senseless_caps_are_refused(void **state) {
  (void)state;
  static const struct { const char *object, *field, *value; } bad[] = {
    {"subgroup", "size", "24"},
    {"subgroup", "min", "64"},
    {"subgroup", "max", "0"},
    {"limits", "storage_align", "48"},
    {"limits", "storage_range", "0"},
    {"limits", "invocations", "0"},
    {"limits", "group_size", "[1,2]"},
    {"limits", "group_count", "[1,2,0]"},
    {NULL, "type", "\"quantum\""},
    {NULL, "slug", "\"../x\""},
    {"driver", "slug", "\"A b\""},
    {NULL, "api", "\"1.3\""},
    {NULL, "api", "\"1.3.204x\""},
    {NULL, "api", "\"-1.3.204\""},
    {NULL, "vendor_id", "\"10de\""},
    {NULL, "vendor_id", "\"0xfffffffff\""},
    {"clock", "valid_bits", "65"},
    {NULL, "heaps", "[1]"},
    {NULL, "heaps", "[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]"},
    {NULL, "coopmat", "{}"},
    {NULL, "coopmat", "[7]"},
    {NULL, "coopmat", "[{\"m\":16}]"},
    {NULL, "coopmat",
     "[{\"m\":0,\"n\":8,\"k\":8,\"a\":\"f16\",\"b\":\"f16\",\"c\":\"f32\",\"result\":\"f32\",\"scope\":3}]"},
    {NULL, "coopmat",
     "[{\"m\":8,\"n\":8,\"k\":8,\"a\":\"f16\",\"b\":-1,\"c\":\"f32\",\"result\":\"f32\",\"scope\":3}]"},
    {"features", "int8", "1"},
    {NULL, "uuid", "\"00112233445566778899aabbccddeeff0\""},
  };
  struct caps caps = {0}, read;
  example_caps(&caps);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct error err = {0};
    cJSON *json = caps_to_json(&caps), *object = bad[i].object ? cJSON_GetObjectItem(json, bad[i].object) : json;
    assert_true(cJSON_ReplaceItemInObject(object, bad[i].field, cJSON_Parse(bad[i].value)));
    if (caps_from_json(json, &read, &err)) fail_msg("%s = %s was taken", bad[i].field, bad[i].value);
    if (!strstr(err.text, bad[i].field) && !strstr(err.text, bad[i].object)) fail_msg("unclear: %s", err.text);
    cJSON_Delete(json);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_value_may_be_anything),
    cmocka_unit_test(any_bytes_may_be_damaged),
    cmocka_unit_test(senseless_caps_are_refused),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
