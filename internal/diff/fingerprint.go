package diff

import (
	"hash/maphash"
	"math"

	"github.com/metagraph/metagraph/internal/match"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/schema"
	dtypes "github.com/metagraph/metagraph/internal/tensor"
	"github.com/metagraph/metagraph/internal/wire"
)

// A fingerprinter computes hashes that are equal for nodes that have the same meaning, apart from names. A hash depends on the op,
// the device, the attrs and the number of inputs. Different nodes can have the same hash, so callers must compare the nodes.
type fingerprinter struct {
	seed    maphash.Seed
	compare *comparer
	side    int               // 0 for A, whose function names are translated to those of B; 1 for B
	known   map[uint64]uint64 // cached results, by the hash of key and bytes
	neutral map[string]bool   // functions that may be renamed; as ops, they all have the same hash
	node    wire.Node
}

func newFingerprinter(c *comparer, seed maphash.Seed, side int) *fingerprinter {
	return &fingerprinter{seed: seed, compare: c, side: side, known: make(map[uint64]uint64)}
}

// mix combines two hashes. The order matters.
func mix(a, b uint64) uint64 {
	h := a ^ (b+0x9e3779b97f4a7c15)*0xff51afd7ed558ccd
	h ^= h >> 32
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>29
}

// of returns the hash of a node.
func (f *fingerprinter) of(raw []byte) uint64 {
	n := &f.node
	if n.Parse(raw) != nil {
		return 0
	}
	sel := f.compare.sel
	h := f.function(unsafeString(n.Op))
	if !sel.ignore[Devices] {
		device := unsafeString(n.Device)
		if sel.deviceSpelling {
			device = match.NormalDevice(device)
		}
		h = mix(h, maphash.String(f.seed, device))
	}
	if !sel.ignore[Inputs] {
		data := 0
		for _, in := range n.Inputs {
			data += count(!wire.IsControl(in))
		}
		h = mix(h, uint64(data))
	}
	if sel.ignore[Attrs] {
		return h
	}
	var attrs uint64 // added up, since their order does not matter
	n.Attrs(func(key, value []byte) bool {
		if !f.compare.ignoresAttr(unsafeString(key)) && !f.compare.isDefault(unsafeString(key), value, n.Op, f.side == 1) {
			attrs += f.attr(key, value)
		}
		return true
	})
	return mix(h, attrs)
}

// function returns the hash of the name of an op or function.
func (f *fingerprinter) function(name string) uint64 {
	if f.side == 0 && f.compare.renames != nil {
		if now, ok := f.compare.renames.functions[name]; ok {
			name = now
		}
	}
	if f.neutral[name] {
		return 1
	}
	return maphash.String(f.seed, name)
}

const (
	// knownBytes is the size of the largest attr whose hash is cached.
	knownBytes = 512
	// sampled is the number of tensor values that are hashed.
	sampled = 4096
)

func (f *fingerprinter) attr(key, value []byte) uint64 {
	short := len(value) <= knownBytes
	var raw uint64
	if short {
		raw = mix(maphash.Bytes(f.seed, key), maphash.Bytes(f.seed, value))
		if h, ok := f.known[raw]; ok {
			return h
		}
	}
	h := mix(maphash.Bytes(f.seed, key), f.value(string(key), value))
	if short {
		f.known[raw] = h
	}
	return h
}

// value returns the hash of the value of an attr.
func (f *fingerprinter) value(key string, value []byte) uint64 {
	if x, ok := wire.AttrBytes(value, fieldnum.AttrValue_Tensor); ok {
		if t, ok := readTensor(x); ok {
			return f.tensor(t)
		}
	}
	v := new(tfpb.AttrValue)
	if schema.Unmarshal(value, v) != nil {
		return maphash.Bytes(f.seed, value)
	}
	switch key {
	case "frame_name", "shared_name":
		return 1 // the value can contain the name of the node
	case "_class":
		return uint64(len(v.GetList().GetS()))
	}
	if v.GetFunc() != nil || len(v.GetList().GetFunc()) > 0 {
		return 2
	}
	return maphash.String(f.seed, attrText(v))
}

func (f *fingerprinter) tensor(t *tensor) uint64 {
	h := mix(uint64(t.proto.GetDtype()), maphash.String(f.seed, shapeText(t.proto.GetTensorShape())))
	if t.element.Kind == dtypes.Message {
		return h
	}
	zero := make([]byte, t.element.Size)
	for i := range min(t.values, sampled) {
		v := t.at(i)
		if v == nil {
			v = zero
		}
		if (t.element.Kind == dtypes.Float || t.element.Kind == dtypes.BrainFloat) && math.IsNaN(t.element.Float(v)) {
			v = zero // all NaNs are equal
		}
		h = mix(h, maphash.Bytes(f.seed, v))
	}
	return h
}
