#include "run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assemble.h"
#include "ceilings_of.h"
#include "device_lock.h"
#include "energy_stage.h"
#include "file.h"
#include "log.h"
#include "machine.h"
#include "output.h"
#include "platform.h"
#include "race.h"
#include "rig.h"
#include "session.h"
#include "text.h"

enum {
  ROW_BYTES = 1200,       /* of a row in the result, about */
  ANSWER_BYTES = 500,     /* of an answer in the journal */
  SAMPLE_BYTES = 32,      /* of a sample in journal and samples file */
  PROGRAM_BYTES = 1 << 30,
  MEMORY_SECONDS = 10,    /* until the heaps are told */
};

static size_t expected_bytes(const struct suite *suite, const struct plan *plan) {
  size_t row = ROW_BYTES + (suite->rounds + 2) * ANSWER_BYTES + 2 * suite->rounds * suite->samples * SAMPLE_BYTES;
  return plan->n * row + (1 << 16);
}

static bool fill_head(const struct session *session, struct journal_head *head, struct error *err) {
  const struct caps *caps = &session->client.caps;
  size_t bytes;
  char *program = file_read(platform_program(), PROGRAM_BYTES, &bytes, err);
  if (!program) return false;
  sha256_hex(program, bytes, head->binary);
  free(program);
  snprintf(head->suite, sizeof head->suite, "%s", session->suite->sha256);
  snprintf(head->driver, sizeof head->driver, "%.120s %.120s %s %s", caps->slug, caps->driver_slug, caps->uuid,
           caps->pipeline_cache_uuid);
  snprintf(head->seed, sizeof head->seed, "%" PRIu64, session->options->seed);
  head->filter = session->options->filter;
  return spirv_sha256(head->shaders, err);
}

/* Before the speed is known: each sample takes its time, an unknown part more for data, loading and verifying; at most
 * what the suite allows a row. */
static void say_estimate(const struct session *session) {
  const struct suite *suite = session->suite;
  size_t n = 0;
  for (size_t i = 0; i < session->n_rows; i++) n += session->rows[i].status == STATUS_OK;
  char least[32], most[32];
  text_duration(1e9 * (double)n * suite->rounds * (1 + suite->samples) * suite->sample_seconds, least, sizeof least);
  text_duration(1e9 * (double)n * suite->case_seconds, most, sizeof most);
  log_info("%s on %s (%s): %zu of %zu rows can run here, %zu variants to prove; between %s and %s, proofs "
           "aside; it says more once each row was run", suite->name, session->client.caps.name,
           session->client.caps.driver_slug, n, session->n_rows, session->n_proofs, least, most);
}

/* Once every row was run and its cost is known; a run that goes on has done a part that is not counted here. */
static void say_rounds(const struct session *session) {
  double least, most;
  char from[32], to[32];
  race_seconds(session, &least, &most);
  text_duration(1e9 * least, from, sizeof from);
  text_duration(1e9 * most, to, sizeof to);
  if (journal_answers(session->journal)) return;
  if (least < most) log_info("verified; the rounds take between %s and %s: losing variants leave early", from, to);
  else log_info("verified; the rounds take about %s", to);
}

/* A row that passes its ceiling has that measured again beside it; one that still does was mismeasured. */
static bool check_ceilings(struct session *session, struct error *err) {
  if (session_late(session)) return true;
  struct result *result = assemble_result(session, "", err);
  if (!result) return false;
  const struct family *ruler = NULL;
  bool exceeded = false;
  session->again = false;
  for (size_t i = 0; i < result->n_rows; i++) {
    if (ceilings_family_is(result->rows[i].family)) ruler = result->rows[i].family;
    exceeded |= ceilings_exceeded(result, &result->rows[i]);
  }
  result_free(result);
  if (!exceeded || !ruler) return true;
  log_detail("a row lies over its ceiling: the ceilings are measured again");
  return stage_again(session, ruler, err);
}

static bool mark_implausible(struct result *result, bool again, const char *why_not, struct error *err) {
  for (size_t i = 0; i < result->n_rows; i++) {
    struct result_row *row = &result->rows[i];
    if (!ceilings_exceeded(result, row)) continue;
    char reason[512];
    if (again)
      snprintf(reason, sizeof reason, "%.0f %% of its ceiling, also when that was measured again; run again on an idle "
               "machine", 100 * row->roofline);
    else
      snprintf(reason, sizeof reason, "%.0f %% of its ceiling, which was not measured again: %.200s; run again on an "
               "idle machine, with more time", 100 * row->roofline, why_not);
    free(row->reason);
    row->reason = strdup(reason);
    row->status = again ? STATUS_IMPLAUSIBLE : STATUS_NOISY;
    if (again) row->roofline = NAN;
    if (!row->reason) return error_set(err, ERROR_MEMORY, "out of memory for the result");
  }
  return true;
}

/* The result last: where it is, all is there. */
static bool write_files(const struct session *session, const struct result *result, const struct output *output,
                        bool replace, struct error *err) {
  return assemble_samples(session, result, output->samples, replace, err) &&
         result_write(result, output->result, replace, err);
}

/* A part written before goes last. */
static bool write_whole(const struct session *session, const struct result *result, struct output *output,
                        struct error *err) {
  output_name(output, session->run_id);
  if (!output->written && !write_files(session, result, output, false, err)) return false;
  output_drop_partial(output);
  return true;
}

static bool write_partial(const struct session *session, struct result *result, struct output *output,
                          const char *why_not, struct error *err) {
  snprintf(result->run.unfinished, sizeof result->run.unfinished, "%s", why_not);
  output_name_partial(output);
  return write_files(session, result, output, true, err);
}

static size_t count_timed(const struct result *result) {
  size_t n = 0;
  for (size_t i = 0; i < result->n_rows; i++) n += status_has_time(result->rows[i].status);
  return n;
}

static void copy_heaps(struct machine_state *to, const struct machine_state *from) {
  to->n_heaps = from->n_heaps;
  memcpy(to->heap, from->heap, sizeof to->heap);
  memcpy(to->heaps_reason, from->heaps_reason, sizeof to->heaps_reason);
}

/* Writes what there is; `stopped` says why it is not all (ERROR_NONE: it is). */
static bool finish(struct session *session, struct output *output, const struct error *stopped, size_t *n_ok,
                   struct error *err) {
  bool whole = stopped->kind == ERROR_NONE;
  const char *why_not = whole ? "budget" : stopped->kind == ERROR_INTERRUPTED ? "interrupted" : stopped->text;
  struct result *result = assemble_result(session, why_not, err);
  if (result) {
    machine_read("", session->client.caps.pci, &result->after);
    copy_heaps(&result->after, &session->after);
  }
  bool ok = result && mark_implausible(result, session->again, why_not, err) &&
            (whole ? write_whole(session, result, output, err) : write_partial(session, result, output, why_not, err));
  if (ok) *n_ok = count_timed(result);
  result_free(result);
  return ok;
}

/* What the device's heaps hold, this run's own included. */
static bool read_heaps(struct session *session, struct machine_state *state, struct error *err) {
  const struct job job = {.kind = JOB_MEMORY};
  struct answer *answer = &session->answer;
  if (!(session->client.caps.features & FEATURE_MEMORY_BUDGET)) {
    snprintf(state->heaps_reason, sizeof state->heaps_reason, "the driver has no VK_EXT_memory_budget");
    return true;
  }
  if (!session->client.process.id) {
    snprintf(state->heaps_reason, sizeof state->heaps_reason, "the worker had ended");
    return true;
  }
  if (!client_ask(&session->client, &job, MEMORY_SECONDS, answer, err)) return false;
  state->n_heaps = answer->n_heaps;
  memcpy(state->heap, answer->heap, sizeof state->heap);
  snprintf(state->heaps_reason, sizeof state->heaps_reason, "%.90s", answer->reason);
  return true;
}

/* What would be measured besides. */
static bool look_round(struct session *session, struct error *err) {
  struct machine_remark remark[8];
  machine_read("", session->client.caps.pci, &session->before);
  size_t n = machine_remarks(&session->before, remark, sizeof remark / sizeof remark[0]);
  for (size_t i = 0; i < n; i++)
    log_warn("%s: times will be worse than they could be; %s", remark[i].what, remark[i].remedy);
  snprintf(session->after.heaps_reason, sizeof session->after.heaps_reason, "the run was not finished");
  return read_heaps(session, &session->before, err);
}

/* What was cut off before it had a journal has lost nothing: it begins anew. */
static bool open_journal(struct session *session, const struct output *output, struct error *err) {
  struct journal_head head = {0};
  bool resume = session->options->resume && output_has_begun(output);
  if (!fill_head(session, &head, err) ||
      !(session->journal = journal_open(output->journal, &head, resume, err)))
    return false;
  session->run_id = journal_run_id(session->journal);
  output_sweep(output);
  if (!resume) return output_keep_partial(output, err);
  log_info("going on with %zu answers of an unfinished run", journal_answers(session->journal));
  return true;
}

static bool measure(struct session *session, struct output *output, struct error *err) {
  if (!open_journal(session, output, err)) return false;
  say_estimate(session);
  if (!look_round(session, err) || !stage_prove(session, err) || !stage_llc(session, err) ||
      !stage_verify(session, err))
    return false;
  say_rounds(session);
  return stage_measure(session, err) && check_ceilings(session, err) && stage_energy(session, err) &&
         stage_codegen(session, err) && read_heaps(session, &session->after, err);
}

/* Interrupted or without a worker there are still rows worth keeping; anything else (a full disk) ends the run. */
static bool worth_writing(const struct session *session, const struct error *err) {
  return session->journal &&
         (err->kind == ERROR_INTERRUPTED || err->kind == ERROR_LOST || err->kind == ERROR_NO_DEVICE);
}

/* Everything that can be refused is, before the first measurement. */
static bool prepare(struct session *session, struct output *output, int *lock, struct error *err) {
  const struct run_options *options = session->options;
  const struct caps *caps = &session->client.caps;
  return client_start(&session->client, options->device, options->uuid, options->validation, &session->interrupt,
                      err) &&
         device_lock(caps, false, lock, err) && client_try_limits(&session->client, err) &&
         (session->plan = plan_build(session->suite, caps, options->filter, err)) != NULL &&
         session_prepare(session, err) &&
         output_prepare(output, options->out, caps, session->suite->name,
                        expected_bytes(session->suite, session->plan), err);
}

/* Of several devices, one that was done before the run was cut off has nothing to go on with, and needs nothing. */
static bool is_whole_already(const struct session *session, struct output *output, size_t *n_ok) {
  struct journal_head head = {0};
  struct error ignored = {0};
  if (!session->options->several || !session->options->resume || file_exists(output->journal) ||
      !fill_head(session, &head, &ignored))
    return false;
  struct result *result = output_find_whole(output, &head, session->client.caps.uuid);
  if (!result) return false;
  log_info("%s is already whole, measured %s; leave out --resume to measure it again", output->result, result->created);
  *n_ok = count_timed(result);
  result_free(result);
  return true;
}

static bool run_session(struct session *session, char result_path[4096], size_t *n_ok, struct error *err) {
  struct output output;
  int lock = -1;
  bool ok = prepare(session, &output, &lock, err), done = ok && is_whole_already(session, &output, n_ok);
  bool whole = done || (ok && measure(session, &output, err));
  if (ok && !done && (whole || worth_writing(session, err))) {
    struct error write_error = {0};
    ok = finish(session, &output, err, n_ok, &write_error);
    if (!ok) *err = write_error;
    done = ok;
  }
  if (done) snprintf(result_path, 4096, "%s", output.result);
  log_progress("%s", "");
  if (!whole && session->journal) log_info("--resume goes on from here");
  journal_close(session->journal, ok && whole);
  client_stop(&session->client);
  device_unlock(lock);
  session_free(session);
  plan_free(session->plan);
  return ok && whole;
}

bool bench_run(const struct run_options *options, char result_path[4096], size_t *n_ok, struct error *err) {
  struct suite *suite = suite_load(options->suite, err);
  if (!suite) return false;
  double begin = rig_now();
  struct session session = {.options = options,
                            .suite = suite,
                            .begin = begin,
                            .deadline = options->budget_s > 0 ? begin + options->budget_s : INFINITY};
  result_path[0] = '\0';
  *n_ok = 0;
  interrupt_begin(&session.interrupt);
  bool ok = run_session(&session, result_path, n_ok, err);
  ok = interrupt_end(&session.interrupt, ok, err);
  suite_free(suite);
  return ok;
}

bool bench_check_suite(const char *name, struct error *err) {
  struct suite *suite = suite_load(name, err);
  suite_free(suite);
  return suite != NULL;
}

bool bench_print_plan(const struct run_options *options, struct error *err) {
  struct suite *suite = suite_load(options->suite, err);
  struct interrupt interrupt;
  struct client client = {0};
  struct plan *plan = NULL;
  interrupt_begin(&interrupt);
  if (suite && client_start(&client, options->device, options->uuid, false, &interrupt, err))
    plan = plan_build(suite, &client.caps, options->filter, err);
  client_stop(&client);
  bool ok = interrupt_end(&interrupt, plan != NULL, err) && plan_print(plan, stdout, err);
  plan_free(plan);
  suite_free(suite);
  return ok;
}
