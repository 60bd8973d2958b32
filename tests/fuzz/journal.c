/* The journal of a run that was cut off anywhere, or damaged: one that is taken can be appended to, and then holds what
 * it held and what was added. */
#include "fuzz.h"
#include "journal.h"

static const struct journal_head head = {
  .suite = "suite", .binary = "binary", .shaders = "shaders", .driver = "driver", .seed = "1",
};

static bool same(const struct answer *a, const struct answer *b) {
  return a->status == b->status && a->op_ns == b->op_ns && a->n_samples == b->n_samples && a->ns[0] == b->ns[0];
}

static void check_addition(const char *path, size_t before) {
  static struct answer added = {.status = STATUS_OK, .op_ns = 7, .n_samples = 1, .ns = {5}, .host_ns = {5}}, found;
  struct error err = {0};
  struct journal *journal = journal_open(path, &head, true, &err);
  PROMISE(journal && journal_answers(journal) == before);
  bool fresh = !journal_find(journal, "of the fuzzer's own", &found);
  PROMISE(journal_add(journal, "of the fuzzer's own", &added, &err));
  journal_close(journal, false);
  journal = journal_open(path, &head, true, &err);
  PROMISE(journal && journal_answers(journal) == before + 1);
  PROMISE(!fresh || (journal_find(journal, "of the fuzzer's own", &found) && same(&found, &added)));
  journal_close(journal, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct error err = {0};
  const char *path = fuzz_file(0, data, size);
  struct journal *journal = journal_open(path, &head, true, &err);
  fuzz_check_error(journal, &err);
  if (!journal) return 0;
  size_t answers = journal_answers(journal);
  journal_close(journal, false);   /* the half-written last line is gone now */
  check_addition(path, answers);
  return 0;
}
