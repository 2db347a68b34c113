package schema

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// Unmarshal decodes a message like proto.Unmarshal, with two differences that matter for hostile files. Its time is linear in the
// size even if singular messages or packed fields occur many times; protobuf-go copies the result so far for each occurrence. It
// accepts a varint of ten bytes with bits beyond the 64th, as the C++ parser does.
func Unmarshal(data []byte, m proto.Message) error {
	md := m.ProtoReflect().Descriptor()
	if repeats(data, tableOf(md), 0) {
		data = merge(data, md)
	}
	err := proto.Unmarshal(data, m)
	if err != nil && len(check(data, md, 1)) == 0 {
		proto.Reset(m)
		return proto.Unmarshal(merge(data, md), m)
	}
	return err
}

const (
	// fewRepeats is the number of occurrences of a field up to which merging them first is not worthwhile.
	fewRepeats = 32
	// smallMessage is the size below which a message is not searched, because copying it is cheap.
	smallMessage = 512
)

// repeats reports whether a singular message or packed field occurs many times anywhere in a message. It stops at damage.
func repeats(data []byte, t *table, depth int) bool {
	if len(data) < smallMessage || depth > maxDepth {
		return false
	}
	var counts [128]uint8
	for s := wire.Scan(data); s.Next(); {
		tag := uint32(s.Num)<<3 | uint32(s.Type)
		if s.Type != protowire.BytesType || tag >= uint32(len(t.actions)) {
			continue
		}
		if t.single[tag] {
			if counts[tag]++; counts[tag] > fewRepeats {
				return true
			}
		}
		if t.actions[tag] == message && repeats(s.Data, t.nested[tag], depth+1) {
			return true
		}
	}
	return false
}

// merge returns an equivalent message of type md in which each singular message, oneof and packed field occurs once and each varint
// has its shortest encoding. data must be free of damage.
func merge(data []byte, md protoreflect.MessageDescriptor) []byte {
	var order []protowire.Number
	fields := make(map[protowire.Number]*merging)
	oneofs := make(map[protoreflect.OneofDescriptor]protowire.Number)
	var unknown []byte
	for s := wire.Scan(data); s.Next(); {
		fd := md.Fields().ByNumber(s.Num)
		if fd == nil || !wire.Accepts(fd, s.Type) {
			if _, err := protowire.ConsumeVarint(s.Data); s.Type == protowire.VarintType && err < 0 {
				unknown = protowire.AppendVarint(protowire.AppendTag(unknown, s.Num, s.Type), s.Uint())
			} else {
				unknown = append(unknown, s.Raw...)
			}
			continue
		}
		if od := fd.ContainingOneof(); od != nil {
			if before := oneofs[od]; before != 0 && before != s.Num {
				fields[before].reset()
			}
			oneofs[od] = s.Num
		}
		f := fields[s.Num]
		if f == nil {
			f = &merging{desc: fd}
			fields[s.Num] = f
			order = append(order, s.Num)
		}
		f.add(&s.Field)
	}
	out := make([]byte, 0, len(data))
	for _, num := range order {
		out = fields[num].append(out)
	}
	return append(out, unknown...)
}

// A merging collects the occurrences of one field.
type merging struct {
	desc    protoreflect.FieldDescriptor
	present bool
	payload []byte // a singular message, packed values, or the last occurrence of a singular scalar
	whole   []byte // encoded occurrences of a repeated field that is not packed
}

// reset discards the collected occurrences: another alternative of the oneof is set.
func (f *merging) reset() { *f = merging{desc: f.desc} }

func (f *merging) add(s *wire.Field) {
	fd := f.desc
	isMessage := fd.Kind() == protoreflect.MessageKind
	scalar := wire.TypeOf(fd.Kind()) == protowire.VarintType
	switch {
	case fd.IsList() && isMessage || fd.IsMap():
		f.whole = protowire.AppendTag(f.whole, s.Num, s.Type)
		f.whole = protowire.AppendBytes(f.whole, merge(s.Data, fd.Message()))
	case fd.IsList() && wire.TypeOf(fd.Kind()) == protowire.BytesType || fd.Kind() == protoreflect.GroupKind:
		f.whole = append(f.whole, s.Raw...)
	case fd.IsList() && scalar:
		s.EachVarint(func(v uint64) { f.payload = protowire.AppendVarint(f.payload, v) })
	case fd.IsList() || isMessage:
		f.payload = append(f.payload, s.Data...)
	case scalar:
		f.payload = protowire.AppendVarint(nil, s.Uint())
	default:
		f.payload = s.Data
	}
	f.present = true
}

// append appends the merged field.
func (f *merging) append(out []byte) []byte {
	if !f.present {
		return out
	}
	out = append(out, f.whole...)
	typ := wire.TypeOf(f.desc.Kind())
	switch {
	case f.whole != nil:
	case f.desc.Kind() == protoreflect.MessageKind:
		out = protowire.AppendTag(out, f.desc.Number(), protowire.BytesType)
		out = protowire.AppendBytes(out, merge(f.payload, f.desc.Message()))
	case f.desc.IsList() || typ == protowire.BytesType:
		out = protowire.AppendTag(out, f.desc.Number(), protowire.BytesType)
		out = protowire.AppendBytes(out, f.payload)
	default:
		out = append(protowire.AppendTag(out, f.desc.Number(), typ), f.payload...)
	}
	return out
}
