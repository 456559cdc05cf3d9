/* The mean and the exact 95th percentile of a stream of waits, without holding the stream.

   The first waits give a bracket around the percentile; of the others only those inside it are kept. If the
   percentile turns out to lie outside, the run is made again with everything kept. */
#ifndef WAITS_H
#define WAITS_H

#include <stdint.h>
#include <stdlib.h>

#define PILOT 65536
#define SHARE 0.95

typedef struct {
    double sum, low, high;
    double *kept;
    int64_t seen, below, count, room;
} Waits;

static Waits waits_new(int64_t jobs, int keep_all)
{
    Waits w = {.low = -1.0, .high = INFINITY, .room = PILOT};
    if (keep_all)
        w.room = jobs + 1; /* never full */
    w.kept = malloc((size_t)w.room * sizeof *w.kept);
    return w;
}

/* The value at position `rank` of the kept ones in ascending order (Hoare's quickselect). */
static double ranked(double *a, int64_t n, int64_t rank)
{
    int64_t left = 0, right = n - 1;
    while (left < right) {
        double pivot = a[left + (right - left) / 2];
        int64_t i = left, j = right;
        while (i <= j) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i <= j) {
                double t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        if (rank <= j)
            right = j;
        else if (rank >= i)
            left = i;
        else
            break;
    }
    return a[rank];
}

static void __attribute__((noinline)) full(Waits *w)
{
    if (w->high == INFINITY) {
        int64_t count = w->count;
        double *kept = w->kept;
        w->low = ranked(kept, count, (int64_t)((SHARE - 0.05) * (double)count));
        w->high = ranked(kept, count, (int64_t)((SHARE + 0.035) * (double)count));
        w->count = 0;
        for (int64_t i = 0; i < count; i++) {
            w->below += kept[i] < w->low;
            if (kept[i] >= w->low && kept[i] <= w->high)
                kept[w->count++] = kept[i];
        }
    }
    if (2 * w->count > w->room) {
        w->room *= 2;
        w->kept = realloc(w->kept, (size_t)w->room * sizeof *w->kept);
    }
}

static inline void waits_add(Waits *w, double wait)
{
    w->sum += wait;
    w->seen++;
    if (wait < w->low) {
        w->below++;
    } else if (wait <= w->high) {
        w->kept[w->count++] = wait;
        if (__builtin_expect(w->count == w->room, 0))
            full(w);
    }
}

/* Whether the percentile was among those kept; if so it stands in *p95. */
static int waits_end(Waits *w, double *p95)
{
    int64_t rank = (int64_t)(SHARE * (double)(w->seen - 1)) - w->below;
    int held = rank >= 0 && rank < w->count;
    if (held)
        *p95 = ranked(w->kept, w->count, rank);
    free(w->kept);
    return held;
}

#endif
