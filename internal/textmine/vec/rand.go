package vec

// Rand is a small seeded generator (SplitMix64, https://doi.org/10.1145/2660193.2660195). The same seed gives
// the same stream everywhere. The zero value is a valid generator. It is not safe for concurrent use.
type Rand struct{ state uint64 }

// NewRand returns a generator for the seed; nearby seeds give unrelated streams.
func NewRand(seed uint64) *Rand { return &Rand{seed*0x9E3779B97F4A7C15 + 0x1234567} }

// Uint64 returns the next 64 random bits.
func (r *Rand) Uint64() uint64 {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return z ^ (z >> 31)
}

// IntN returns a number in [0,n); n must be positive.
func (r *Rand) IntN(n int) int { return int(r.Uint64() % uint64(n)) }

// Shuffle puts xs into random order.
func (r *Rand) Shuffle(xs []int32) {
	for i := len(xs) - 1; i > 0; i-- {
		j := r.IntN(i + 1)
		xs[i], xs[j] = xs[j], xs[i]
	}
}

// bell returns a roughly normal number with mean 0: the sum of four uniform ones. A random projection needs no more.
func (r *Rand) bell() float32 {
	z := r.Uint64()
	s := int32(z&0xffff) + int32(z>>16&0xffff) + int32(z>>32&0xffff) + int32(z>>48) - 2*0xffff
	return float32(s) / 0xffff
}
