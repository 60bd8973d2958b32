/* Which cooperative matrix a kernel is built on, from what devices advertise. The tables: Intel Xe1 (clpeak issue 205)
 * and Xe2 (kvark/blade pull request 399); AMD RDNA3 (RADV of Mesa 25.0, `vkpareto devices`); NVIDIA from Turing on
 * (Vulkan hardware database); lavapipe of Mesa 26.1 (`vkpareto devices`). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "caps.h"

#define ENTRY(m, n, k, in, sums) {m, n, k, in, in, sums, sums, SCOPE_SUBGROUP, false}
#define F16(m, n, k) ENTRY(m, n, k, COMPONENT_F16, COMPONENT_F16)
#define F32(m, n, k) ENTRY(m, n, k, COMPONENT_F16, COMPONENT_F32)
#define I8(m, n, k) ENTRY(m, n, k, COMPONENT_I8, COMPONENT_I32)

static struct caps device(const struct coopmat *table, uint32_t n) {
  struct caps caps = {.n_coopmats = n};
  memcpy(caps.coopmat, table, n * sizeof *table);
  return caps;
}
#define DEVICE(...) \
  device((const struct coopmat[]){__VA_ARGS__}, sizeof (const struct coopmat[]){__VA_ARGS__} / sizeof(struct coopmat))

static void is_chosen(struct caps caps, uint32_t m, uint32_t n, uint32_t k) {
  const struct coopmat *entry = caps_coopmat(&caps, COMPONENT_F16, COMPONENT_F32);
  assert_non_null(entry);
  assert_int_equal(entry->m, m);
  assert_int_equal(entry->n, n);
  assert_int_equal(entry->k, k);
  assert_true(entry->a == COMPONENT_F16 && entry->b == COMPONENT_F16 && entry->c == COMPONENT_F32 &&
              entry->result == COMPONENT_F32);
}

static void every_vendors_side_is_found(void **state) {
  (void)state;
  is_chosen(DEVICE(I8(8, 8, 32), F32(8, 8, 16)), 8, 8, 16);
  is_chosen(DEVICE(F32(8, 16, 16), F16(8, 16, 16), I8(8, 16, 32)), 8, 16, 16);
  is_chosen(DEVICE(F16(16, 16, 16), F32(16, 16, 16), I8(16, 16, 16)), 16, 16, 16);
  is_chosen(DEVICE(F16(8, 8, 8), F32(8, 8, 8), I8(8, 8, 8)), 8, 8, 8);
}

static void the_most_products_win_and_of_equals_the_first(void **state) {
  (void)state;
  is_chosen(DEVICE(F32(16, 8, 8), F32(16, 8, 16), F32(16, 16, 16), F16(16, 16, 16)), 16, 16, 16);
  is_chosen(DEVICE(F32(16, 8, 16), F32(8, 16, 16)), 16, 8, 16);
}

static void what_a_kernel_could_not_use_is_passed_over(void **state) {
  (void)state;
  struct coopmat wide = F32(64, 64, 64), saturating = F32(32, 32, 32), mixed = F32(32, 32, 32);
  wide.scope = SCOPE_WORKGROUP;
  saturating.saturating = true;
  mixed.b = COMPONENT_BF16;
  is_chosen(DEVICE(wide, saturating, mixed, F32(8, 8, 8)), 8, 8, 8);
  struct caps none = DEVICE(wide, saturating, mixed, F16(16, 16, 16), I8(16, 16, 16)), empty = {0};
  assert_null(caps_coopmat(&none, COMPONENT_F16, COMPONENT_F32));
  assert_null(caps_coopmat(&empty, COMPONENT_F16, COMPONENT_F32));
}

static void names_stand_for_vulkans_values(void **state) {
  (void)state;
  static const struct { const char *name; uint32_t value; } known[] = {
    {"f16", 0}, {"f32", 1}, {"i8", 3}, {"i32", 5}, {"u64", 10}, {"bf16", 1000141000}, {"f8e4m3", 1000491002},
    {"f8e5m2", 1000491003},
  };
  uint32_t value;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    assert_string_equal(component_name(known[i].value), known[i].name);
    assert_true(component_find(known[i].name, &value) && value == known[i].value);
  }
  assert_null(component_name(77));
  assert_false(component_find("f17", &value));
  assert_string_equal(coopmat_scope_name(3), "subgroup");
  assert_true(coopmat_scope_find("queue_family", &value) && value == 5);
  assert_null(coopmat_scope_name(4));
}

static struct caps with_heaps(enum device_type type, uint32_t n, const uint64_t *size, const bool *local,
                              const bool *mappable) {
  struct caps caps = {.type = type, .n_heaps = n};
  for (uint32_t h = 0; h < n; h++) {
    caps.heap[h].size = size[h];
    caps.heap[h].device_local = local[h];
    caps.heap[h].mappable = mappable[h];
  }
  return caps;
}

static void how_the_host_reaches_memory(void **state) {
  (void)state;
  const uint64_t size[] = {24ull << 30, 64ull << 30, 256ull << 20};
  const bool local[] = {true, false, true}, all[] = {true, true, true};
  const bool none[] = {false, false, false}, big[] = {true, false, false}, window[] = {false, false, true};
  struct caps caps = with_heaps(DEVICE_DISCRETE, 2, size, local, none);
  assert_int_equal(caps_memory_access(&caps), MEMORY_SEPARATE);
  caps = with_heaps(DEVICE_DISCRETE, 3, size, local, window);
  assert_int_equal(caps_memory_access(&caps), MEMORY_WINDOW);
  caps = with_heaps(DEVICE_DISCRETE, 2, size, local, big);
  assert_int_equal(caps_memory_access(&caps), MEMORY_REBAR);
  caps = with_heaps(DEVICE_INTEGRATED, 2, size, local, big);
  assert_int_equal(caps_memory_access(&caps), MEMORY_UNIFIED);
  caps = with_heaps(DEVICE_OTHER, 1, size, all, big);
  assert_int_equal(caps_memory_access(&caps), MEMORY_UNIFIED);
  caps = with_heaps(DEVICE_OTHER, 0, size, all, big);
  assert_int_equal(caps_memory_access(&caps), MEMORY_SEPARATE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(how_the_host_reaches_memory),
    cmocka_unit_test(every_vendors_side_is_found),
    cmocka_unit_test(the_most_products_win_and_of_equals_the_first),
    cmocka_unit_test(what_a_kernel_could_not_use_is_passed_over),
    cmocka_unit_test(names_stand_for_vulkans_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
