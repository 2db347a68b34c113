// Package wiretest builds bytes for tests: single fields, and unusual encodings of messages that protobuf decodes to the same
// message but that no protobuf library writes.
package wiretest

import (
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// A Scrambler encodes messages in unusual ways: fields out of order, split singular messages, scalars and map entries that later
// ones override, alternatives of a oneof that are unset again, packed values unpacked and vice versa, and overlong tags, lengths
// and numbers.
type Scrambler struct {
	Rand *rand.Rand
	// Unknown also adds fields that are not in the schema: new numbers, groups, and known numbers with another wire type. The
	// result then differs from the message in these fields.
	Unknown bool
}

// Scramble returns another encoding of message, which must be a well-formed message of type md.
func (s *Scrambler) Scramble(message []byte, md protoreflect.MessageDescriptor) []byte {
	var parts []part
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeField(message)
		if n < 0 {
			panic("wiretest: the message is not well-formed")
		}
		_, _, tag := protowire.ConsumeTag(message)
		parts = append(parts, s.field(md, num, typ, message[tag:n], message[:n])...)
		message = message[n:]
	}
	if s.Unknown && !md.IsMapEntry() {
		parts = append(parts, s.unknown(md)...)
	}
	if s.one(3) {
		parts = s.shuffle(parts)
	}
	var out []byte
	for _, p := range parts {
		out = append(out, p.raw...)
	}
	return out
}

// A part is one field. Parts of the same class must keep their order.
type part struct {
	class int
	raw   []byte
}

// one reports true with a probability of 1/n.
func (s *Scrambler) one(n int) bool { return s.Rand.IntN(n) == 0 }

// field returns the fields that encode one field of a message.
func (s *Scrambler) field(md protoreflect.MessageDescriptor, num protowire.Number, typ protowire.Type, value, raw []byte) []part {
	class := int(num)
	fd := md.Fields().ByNumber(num)
	if fd == nil {
		return []part{{class, raw}}
	}
	if oneof := fd.ContainingOneof(); oneof != nil {
		class = -1 - oneof.Index()
	}
	var parts []part
	put := func(raw []byte) { parts = append(parts, part{class, raw}) }
	switch {
	case fd.Message() != nil && typ == protowire.BytesType:
		payload, _ := protowire.ConsumeBytes(value)
		if fd.IsMap() && s.one(6) {
			put(s.overridden(num, fd, payload))
		}
		if fd.ContainingOneof() != nil && s.one(4) {
			parts = append(parts, s.other(fd, class)...)
		}
		payload = s.Scramble(payload, fd.Message())
		if !fd.IsList() && !fd.IsMap() && s.one(4) {
			cut := s.boundary(payload)
			put(s.bytes(num, payload[:cut]))
			payload = payload[cut:]
		}
		put(s.bytes(num, payload))
	case fd.IsList() && typ == protowire.BytesType && wire.TypeOf(fd.Kind()) != protowire.BytesType:
		packed, _ := protowire.ConsumeBytes(value)
		if !s.one(3) {
			put(s.bytes(num, packed))
			break
		}
		for len(packed) > 0 {
			n := protowire.ConsumeFieldValue(num, wire.TypeOf(fd.Kind()), packed)
			if n < 0 {
				break // not reached with a message that can be decoded
			}
			put(append(s.tag(num, wire.TypeOf(fd.Kind())), packed[:n]...))
			packed = packed[n:]
		}
	case fd.IsList() && typ == wire.TypeOf(fd.Kind()) && typ != protowire.BytesType && s.one(3):
		put(s.bytes(num, value))
	case typ == wire.TypeOf(fd.Kind()):
		if !fd.IsList() && s.one(6) {
			put(s.decoy(fd))
		}
		if fd.ContainingOneof() != nil && s.one(4) {
			parts = append(parts, s.other(fd, class)...)
		}
		put(s.scalar(num, typ, value))
	default:
		put(raw)
	}
	return parts
}

// other returns an alternative of the oneof of fd, which a later field unsets.
func (s *Scrambler) other(fd protoreflect.FieldDescriptor, class int) []part {
	fields := fd.ContainingOneof().Fields()
	other := fields.Get(s.Rand.IntN(fields.Len()))
	if other.Number() == fd.Number() {
		return nil
	}
	return []part{{class, s.decoy(other)}}
}

// decoy returns a field with an arbitrary value.
func (s *Scrambler) decoy(fd protoreflect.FieldDescriptor) []byte {
	out := s.tag(fd.Number(), wire.TypeOf(fd.Kind()))
	switch wire.TypeOf(fd.Kind()) {
	case protowire.VarintType:
		return s.varint(out, 1)
	case protowire.Fixed32Type:
		return protowire.AppendFixed32(out, 0x40400000)
	case protowire.Fixed64Type:
		return protowire.AppendFixed64(out, 0x4008000000000000)
	}
	if fd.Message() != nil {
		return s.varint(out, 0)
	}
	return append(s.varint(out, 5), "decoy"...)
}

// overridden returns an entry of a map with the key of entry but without its value.
func (s *Scrambler) overridden(num protowire.Number, fd protoreflect.FieldDescriptor, entry []byte) []byte {
	var key []byte
	for rest := entry; len(rest) > 0; {
		n, _, size := protowire.ConsumeField(rest)
		if n == 1 {
			key = rest[:size]
		}
		rest = rest[size:]
	}
	if s.one(2) {
		key = append(s.decoy(fd.MapValue()), key...)
	}
	return s.bytes(num, key)
}

// boundary returns a position between two fields of message.
func (s *Scrambler) boundary(message []byte) int {
	ends := []int{0}
	for at := 0; at < len(message); {
		_, _, n := protowire.ConsumeField(message[at:])
		at += n
		ends = append(ends, at)
	}
	return ends[s.Rand.IntN(len(ends))]
}

// unknown returns fields that are not in the schema.
func (s *Scrambler) unknown(md protoreflect.MessageDescriptor) []part {
	var parts []part
	for s.one(4) {
		num := protowire.Number(2000 + s.Rand.IntN(3))
		var raw []byte
		switch s.Rand.IntN(5) {
		case 0:
			raw = s.varint(s.tag(num, protowire.VarintType), s.Rand.Uint64())
		case 1:
			raw = protowire.AppendFixed64(s.tag(num, protowire.Fixed64Type), s.Rand.Uint64())
		case 2:
			raw = s.bytes(num, []byte("unknown"))
		case 3:
			raw = s.tag(num, protowire.StartGroupType)
			raw = s.bytesTo(append(raw, s.tag(7, protowire.StartGroupType)...), 1, []byte("in a group"))
			raw = append(raw, s.tag(7, protowire.EndGroupType)...)
			raw = append(raw, s.tag(num, protowire.EndGroupType)...)
		case 4:
			if md.Fields().Len() == 0 {
				continue
			}
			fd := md.Fields().Get(s.Rand.IntN(md.Fields().Len()))
			if wire.TypeOf(fd.Kind()) == protowire.Fixed32Type {
				continue
			}
			num = fd.Number()
			raw = protowire.AppendFixed32(s.tag(num, protowire.Fixed32Type), s.Rand.Uint32())
		}
		parts = append(parts, part{int(num), raw})
	}
	return parts
}

// shuffle reorders the parts. Parts of the same class keep their order.
func (s *Scrambler) shuffle(parts []part) []part {
	classes := make(map[int][]part)
	order := make([]int, len(parts))
	for i, p := range parts {
		classes[p.class] = append(classes[p.class], p)
		order[i] = p.class
	}
	s.Rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	out := make([]part, 0, len(parts))
	for _, class := range order {
		out = append(out, classes[class][0])
		classes[class] = classes[class][1:]
	}
	return out
}

func (s *Scrambler) bytes(num protowire.Number, payload []byte) []byte {
	return s.bytesTo(nil, num, payload)
}

func (s *Scrambler) bytesTo(out []byte, num protowire.Number, payload []byte) []byte {
	out = append(out, s.tag(num, protowire.BytesType)...)
	return append(s.varint(out, uint64(len(payload))), payload...)
}

func (s *Scrambler) scalar(num protowire.Number, typ protowire.Type, value []byte) []byte {
	switch typ {
	case protowire.VarintType:
		v, _ := protowire.ConsumeVarint(value)
		return s.varint(s.tag(num, typ), v)
	case protowire.BytesType:
		payload, _ := protowire.ConsumeBytes(value)
		return s.bytes(num, payload)
	}
	return append(s.tag(num, typ), value...)
}

func (s *Scrambler) tag(num protowire.Number, typ protowire.Type) []byte {
	return s.varint(nil, protowire.EncodeTag(num, typ))
}

// varint appends a number, sometimes in more bytes than it needs.
func (s *Scrambler) varint(out []byte, v uint64) []byte {
	out = protowire.AppendVarint(out, v)
	if size := protowire.SizeVarint(v); size < 10 && s.one(10) {
		out[len(out)-1] |= 0x80
		for range s.Rand.IntN(10 - size) {
			out = append(out, 0x80)
		}
		out = append(out, 0)
	}
	return out
}
