/* Exponential numbers: xoshiro256+ (Blackman and Vigna 2018) under a ziggurat of 256 layers (Marsaglia and
   Tsang 2000). */
#ifndef DRAWS_H
#define DRAWS_H

#include <math.h>
#include <stdint.h>

#define LAYERS 256
#define TAIL 7.69711747013104972
#define AREA 0.0039496598225815571993

typedef struct {
    uint64_t s[4];
} Draws;

static double edge[LAYERS + 1], height[LAYERS + 1];

static inline uint64_t next_bits(Draws *d)
{
    uint64_t *s = d->s, bits = s[0] + s[3], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return bits;
}

static inline double uniform(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

static inline Draws seeded(uint64_t seed)
{
    Draws d;
    for (int i = 0; i < 4; i++) { /* splitmix64, as the authors of xoshiro advise */
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        d.s[i] = z ^ (z >> 31);
    }
    if (edge[1] == 0.0) {
        edge[0] = AREA / exp(-TAIL);
        edge[1] = TAIL;
        for (int i = 2; i < LAYERS; i++)
            edge[i] = -log(exp(-edge[i - 1]) + AREA / edge[i - 1]);
        for (int i = 0; i <= LAYERS; i++)
            height[i] = exp(-edge[i]);
    }
    return d;
}

static double __attribute__((noinline)) rare(Draws *d, int layer, double x)
{
    double beyond = 0.0;
    for (;;) {
        if (layer == 0)
            beyond += TAIL; /* what lies beyond the tail's start is exponential again */
        else if (height[layer] + uniform(next_bits(d)) * (height[layer + 1] - height[layer]) < exp(-x))
            return beyond + x;
        uint64_t bits = next_bits(d);
        layer = (int)(bits >> 3) & (LAYERS - 1); /* the lowest bits of xoshiro256+ are weak */
        x = uniform(bits) * edge[layer];
        if (x < edge[layer + 1])
            return beyond + x;
    }
}

static inline double exponential(Draws *d)
{
    uint64_t bits = next_bits(d);
    int layer = (int)(bits >> 3) & (LAYERS - 1);
    double x = uniform(bits) * edge[layer];
    return __builtin_expect(x < edge[layer + 1], 1) ? x : rare(d, layer, x);
}

#endif
