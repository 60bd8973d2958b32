/* From the spaces of all settings to one configuration: objectives, limits, preference. Pure.
 *
 * `spaces` are one per setting (outer.h); a point of a front says in choice[CHOICE_SETTING] to which its options
 * belong. */
#ifndef CHOOSE_H
#define CHOOSE_H

#include "space.h"

enum { CHOICE_SETTING = SLOT_COUNT };   /* behind the options of the slots */

enum objective {
  OBJECTIVE_TTFT, OBJECTIVE_TPOT, OBJECTIVE_MEMORY, OBJECTIVE_QUALITY, OBJECTIVE_ENERGY, OBJECTIVE_COUNT,
};
extern const char *const objective_names[OBJECTIVE_COUNT];   /* "ttft", "tpot", "memory", "quality loss", "energy" */

enum preference { PREFER_BALANCED, PREFER_LATENCY, PREFER_MEMORY, PREFER_ENERGY, PREFER_QUALITY, PREFERENCE_COUNT };
extern const char *const preference_names[PREFERENCE_COUNT];
extern const char *const preference_rules[PREFERENCE_COUNT];   /* what each minimises, in one line */

/* Upper limits: ns, ns, bytes, nats, joules per token; INFINITY where there is none. */
struct limits {
  double at[OBJECTIVE_COUNT];
  double watts;                /* mean power over a request; 0: no limit. Kept among the points of the front only. */
  double tokens_per_s;         /* over 0: the limit on tpot was given as this throughput */
  bool memory_of_device;       /* the limit on memory is what the device has, nobody's wish */
};

struct range { double value, lo, hi; };   /* lo and hi NAN: error unknown */
struct prediction {
  struct range ttft_ns, tpot_ns, quality_nats;   /* quality NAN when unknown */
  double weight_bytes, kv_bytes, scratch_bytes, activation_bytes, other_bytes;
  double memory;               /* their sum, on the device */
  double host_bytes;           /* weights in the host's memory */
  double request_ns;           /* ttft + one tpot for each further token */
  double extrapolated_share;   /* of request_ns */
  struct range token_joules;   /* mean over a request; NAN when unknown */
  double watts;                /* mean over a request; likewise */
  double measured_share;       /* of the joules; the rest is modelled */
  double part_ns[PHASE_COUNT][PART_COUNT];   /* of ttft_ns and tpot_ns */
};
struct prediction choose_predict(const struct space *, const struct task *, const uint8_t choice[SLOT_COUNT]);
struct prediction choose_predict_point(const struct space *spaces, const struct task *, const struct front_point *);
double prediction_objective(const struct prediction *, enum objective);
/* A prediction is within the limits; an unknown quality is within no limit on it. */
bool choose_within(const struct limits *, const struct prediction *);

/* The Pareto front over the objectives: cost.at[] are ttft ns, tpot ns, memory bytes, quality in QUALITY_UNIT and the
 * joules of a request in ENERGY_UNIT (each left out when unknown), all minimised. Exact for the predicted costs. Memory
 * and the joules of a request are formed here, after the space was folded. Mixes are not among the options
 * (layers.h). */
bool choose_front(const struct space *, struct front *, struct error *);
/* A front of the space's coordinates becomes one of the objectives; not pruned. */
void choose_objectives(const struct space *, struct front *);

/* Odds of no more than 3 to 2 for the lowest score are no reason to take it. A judgement: 0.5 would leave no tie, and
 * with 95 % intervals that overlap (0.1 and less) a saved mebibyte outweighed times that were 10 % longer by the
 * estimates. */
#define CHOOSE_TIE 0.4

struct redraws;
enum { BALANCED = 4 };         /* request time, memory, quality loss, energy */
struct decision {
  struct limits limits;
  enum preference preference;
  double best[BALANCED], worst[BALANCED];   /* over the feasible front: the scale of `balanced` */
  size_t point;                /* in the front: the winner */
  size_t first;                /* the one with the best score; another than the winner when the two tie */
  size_t n_feasible;
  bool quality_known, energy_known;   /* of the space; what is not, `balanced` leaves out for all points */
};
/* ERROR_INFEASIBLE, with the limits in conflict and what each would have to give (infeasible.h), when no point is
 * within the limits.
 *
 * The lowest score wins, except that noise decides nothing: a point ties with that of the lowest score if it scores no
 * worse in CHOOSE_TIE or more of the redraws of the measurements (redraw.h); an unknown error is not redrawn and so
 * makes no tie. Among those that tie the lowest score with the first's time and joules wins, which is the best in what
 * is known exactly; of equals the simplest: the setting that departs least from the plain one, then the fewest
 * different techniques, then those that stand first in the rooms' tables; then the faster.
 *
 * redraws, where not NULL, is made on success, for stability.h; free with redraw_free. */
bool choose_decide(const struct space *spaces, const struct task *, const struct front *, const struct limits *,
                   enum preference, struct decision *, struct redraws *redraws, struct error *);
/* The scale of `balanced`: opened, then widened by each configuration that it is over. */
void choose_scale_open(struct decision *);
void choose_scale_add(struct decision *, const struct prediction *);
/* What the preference minimises, by the scale of the decision. */
double choose_score(const struct decision *, const struct prediction *);
/* What is said of two configurations, and decides nothing: in every slot where they differ, the request times of their
 * options differ by no more than sqrt(h1^2 + h2^2), h the
 * half width of each. Slot by slot: what they share is equally wrong in both, and the uncertainty of one decision must
 * not excuse a known loss in another.
 *
 * An unknown error proves no tie: where a fit rests on one weight matrix or head layout none could be left out, and its
 * error may be anything. The estimates then decide: the times of a phase in which either option's error is unknown tie
 * only when equal; the other phase is judged by its own half widths. */
bool choose_times_tie(const struct space *, const struct task *, const uint8_t a[SLOT_COUNT],
                      const uint8_t b[SLOT_COUNT]);

/* The same for points of any settings, where what is fixed may differ as well; or for the energies of a request. */
bool choose_points_tie(const struct space *spaces, const struct task *, const struct front_point *a,
                       const struct front_point *b, bool energy);

/* "6.5 GiB", "12.3 ms", "1.8 %" (as a ratio of perplexities), "0.32 J" (per token). */
void objective_text(enum objective, double value, char *out, size_t size);

#endif
