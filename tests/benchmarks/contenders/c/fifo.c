/* M/M/c, first come, first served: the recursion over the instants at which slots become free. */
#include "draws.h"
#include "waits.h"

#define MOST 64

static inline __attribute__((always_inline)) int run(const int c, double rate, int64_t jobs, Draws d, Waits *w,
                                                     double answer[4])
{
    double free_at[MOST + 1], arrival = 0.0;
    for (int i = 0; i < c; i++)
        free_at[i] = 0.0;
    free_at[c] = INFINITY;
    const double gap = 1.0 / rate;
    for (int64_t job = 0; job < jobs; job++) {
        arrival += gap * exponential(&d);
        double start = arrival > free_at[0] ? arrival : free_at[0];
        double finish = start + exponential(&d);
        /* The sorted list without its first, with `finish`: each place looks at its two old neighbours only. */
        for (int i = 0; i < c; i++) {
            double later = free_at[i] > finish ? free_at[i] : finish;
            free_at[i] = later < free_at[i + 1] ? later : free_at[i + 1];
        }
        waits_add(w, start - arrival);
    }
    answer[0] = w->sum / (double)jobs;
    answer[2] = w->sum / free_at[c - 1];
    answer[3] = 1.0;
    return waits_end(w, &answer[1]);
}

static int attempt(int c, double rate, int64_t jobs, Draws d, Waits *w, double answer[4])
{
    switch (c) {
    case 4:
        return run(4, rate, jobs, d, w, answer);
    case 12:
        return run(12, rate, jobs, d, w, answer);
    default:
        return run(c, rate, jobs, d, w, answer);
    }
}

/* Fill mean wait, 95th percentile, time-average queue and mean service, in seconds; at most 64 slots. */
int fifo(int c, double rate, int64_t jobs, uint64_t seed, double answer[4])
{
    if (c < 1 || c > MOST)
        return 1;
    for (int keep_all = 0; keep_all < 2; keep_all++) {
        Waits w = waits_new(jobs, keep_all);
        if (w.kept == NULL)
            return 2;
        if (attempt(c, rate, jobs, seeded(seed), &w, answer))
            return 0;
    }
    return 3;
}
