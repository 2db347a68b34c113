package tensor

import (
	"hash/maphash"
)

// sampleBytes is how many bytes Sample hashes at each end of a tensor.
const sampleBytes = 2 << 10

// Sample returns a hash of the beginning and the end of a tensor.
func Sample(seed maphash.Seed, encoded []byte) uint64 {
	if len(encoded) <= 2*sampleBytes {
		return maphash.Bytes(seed, encoded)
	}
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.Write(encoded[:sampleBytes])
	_, _ = h.Write(encoded[len(encoded)-sampleBytes:])
	return h.Sum64()
}
