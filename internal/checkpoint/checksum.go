package checkpoint

import (
	"hash/crc32"
	"sync"
)

// castagnoli is the polynomial of all checksums in checkpoints.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskDelta is the constant of Mask in tensorflow/core/lib/hash/crc32c.h.
const maskDelta = 0xa282ead8

// mask returns a checksum in its stored form.
func mask(sum uint32) uint32 { return (sum>>15 | sum<<17) + maskDelta }

// unmask reverses mask.
func unmask(stored uint32) uint32 {
	rotated := stored - maskDelta
	return rotated>>17 | rotated<<15
}

// A gf2 is a linear map of 32 bits. Column i is the image of bit i.
type gf2 [32]uint32

func (m *gf2) times(v uint32) uint32 {
	var sum uint32
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			sum ^= m[i]
		}
	}
	return sum
}

func (m *gf2) square() (result gf2) {
	for i := range m {
		result[i] = m.times(m[i])
	}
	return result
}

// appendZeros returns maps. Map k turns the checksum of some bytes into that of the bytes followed by 2^k zero bytes.
var appendZeros = sync.OnceValue(func() *[63]gf2 {
	powers := new([63]gf2)
	var bit gf2 // one zero bit
	bit[0] = crc32.Castagnoli
	for i := 1; i < 32; i++ {
		bit[i] = 1 << (i - 1)
	}
	two := bit.square()
	four := two.square()
	powers[0] = four.square()
	for k := 1; k < len(powers); k++ {
		powers[k] = powers[k-1].square()
	}
	return powers
})

// joinChecksums returns the checksum of two concatenated byte strings from their checksums (crc32_combine of zlib). secondSize is
// the size of the second.
func joinChecksums(first, second uint32, secondSize int64) uint32 {
	for k := 0; secondSize > 0; k, secondSize = k+1, secondSize>>1 {
		if secondSize&1 != 0 {
			first = appendZeros()[k].times(first)
		}
	}
	return first ^ second
}
