/* Replicas whose slots share vCPUs: CPU, I/O and CPU again, all exponential; one line of jobs before all slots.

   A replica keeps the CPU time that each running phase has received, so a change costs a look at its own few
   phases and nothing is ever cancelled. Only the first of the line is ever drawn: who waits behind it can
   change nothing yet. */
#include "draws.h"
#include "waits.h"

#define SLOTS 16
#define MOST 64

typedef struct {
    double received, touched, cpu_due;
    int running;
    double target[SLOTS], io_end[SLOTS]; /* infinite while a slot is not in such a phase */
    int last[SLOTS];                     /* whether this CPU phase is the job's last */
} Replica;

typedef struct {
    int replicas, slots;
    double vcpus, rate, before, io, after;
} Fleet;

static inline __attribute__((always_inline)) double least(const double *key, const int n)
{
    double first = key[0];
    for (int i = 1; i < n; i++)
        first = key[i] < first ? key[i] : first;
    return first;
}

static inline __attribute__((always_inline)) int where(const double *key, double value, const int n)
{
    int at = 0;
    for (int i = 1; i < n; i++)
        at = key[i] == value ? i : at;
    return at;
}

static inline void touch(Replica *r, double now, double vcpus)
{
    double passed = now - r->touched;
    r->received += r->running <= vcpus ? passed : passed * vcpus / r->running;
    r->touched = now;
}

static inline __attribute__((always_inline)) double plan(Replica *r, double vcpus, const int slots)
{
    double left = least(r->target, slots) - r->received, io = least(r->io_end, slots);
    r->cpu_due = r->touched + (r->running <= vcpus ? left : left * r->running / vcpus);
    return r->cpu_due < io ? r->cpu_due : io;
}

static inline void compute(Replica *r, int slot, double demand, int last)
{
    r->target[slot] = r->received + demand;
    r->last[slot] = last;
    r->running++;
}

/* Let what is due happen; return the slot that a job left, or -1. */
static inline __attribute__((always_inline)) int step(Replica *r, double now, const Fleet *f, const int slots, Draws *d)
{
    int cpu = r->cpu_due <= now;
    touch(r, now, f->vcpus);
    if (!cpu) {
        int slot = where(r->io_end, now, slots);
        r->io_end[slot] = INFINITY;
        compute(r, slot, f->after * exponential(d), 1);
        return -1;
    }
    r->received = least(r->target, slots);
    int slot = where(r->target, r->received, slots);
    r->target[slot] = INFINITY;
    if (--r->running == 0)
        r->received = 0.0;
    if (r->last[slot])
        return slot;
    r->io_end[slot] = now + f->io * exponential(d);
    return -1;
}

static inline __attribute__((always_inline)) int run(const Fleet *f, const int replicas, const int slots, int64_t jobs,
                                                     Draws d, Waits *w, double answer[4])
{
    static __thread Replica fleet[MOST];
    static __thread int line[MOST * SLOTS];
    double due[MOST], arrival = exponential(&d) / f->rate, now = 0.0, service = 0.0;
    int all = replicas * slots, idle = all, head = 0;
    int64_t left = jobs;
    for (int i = 0; i < all; i++)
        line[i] = i % replicas * slots + i / replicas;
    for (int i = 0; i < replicas; i++) {
        fleet[i] = (Replica){.cpu_due = INFINITY};
        due[i] = INFINITY;
        for (int slot = 0; slot < slots; slot++)
            fleet[i].target[slot] = fleet[i].io_end[slot] = INFINITY;
    }
    for (;;) {
        double next = least(due, replicas);
        int at, slot;
        if (idle > 0 && arrival < next) {
            now = arrival;
            at = line[head] / slots;
            slot = line[head] % slots;
            head = head + 1 == all ? 0 : head + 1;
            idle--;
            touch(&fleet[at], now, f->vcpus);
        } else if (next == INFINITY) {
            break;
        } else {
            now = next;
            at = where(due, next, replicas);
            slot = step(&fleet[at], now, f, slots, &d);
            if (slot >= 0) {
                service += now;
                if (arrival > now) {
                    int place = head + idle++;
                    line[place < all ? place : place - all] = at * slots + slot;
                    slot = -1;
                }
            }
        }
        if (slot >= 0) {
            service -= now;
            waits_add(w, now - arrival);
            compute(&fleet[at], slot, f->before * exponential(&d), 0);
            arrival = --left > 0 ? arrival + exponential(&d) / f->rate : INFINITY;
        }
        due[at] = plan(&fleet[at], f->vcpus, slots);
    }
    answer[0] = w->sum / (double)jobs;
    answer[2] = w->sum / now;
    answer[3] = service / (double)jobs;
    return waits_end(w, &answer[1]);
}

/* Fill mean wait, 95th percentile, time-average queue and mean service, in seconds. `means` holds those of the
   three phases; at most 64 replicas of 16 slots. */
int sharing(int replicas, int slots, double vcpus, double rate, const double means[3], int64_t jobs, uint64_t seed,
            double answer[4])
{
    if (replicas < 1 || replicas > MOST || slots < 1 || slots > SLOTS)
        return 1;
    Fleet f = {replicas, slots, vcpus, rate, means[0], means[1], means[2]};
    for (int keep_all = 0; keep_all < 2; keep_all++) {
        Waits w = waits_new(jobs, keep_all);
        if (w.kept == NULL)
            return 2;
        Draws d = seeded(seed);
        int held = replicas == 3 && slots == 4 ? run(&f, 3, 4, jobs, d, &w, answer)
                                               : run(&f, replicas, slots, jobs, d, &w, answer);
        if (held)
            return 0;
    }
    return 3;
}
