package diff

import (
	"bytes"
	"math"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/metagraph/metagraph/internal/printable"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/schema"
)

// messages compares small decoded messages field by field. An absent scalar field equals its default. The order of lists matters;
// the order of maps does not. Tensors are compared by value, NaN equals NaN, and unknown fields are compared by their bytes.
type messages struct {
	renames *renames // a name equals its renamed form; may be nil
	stop    bool     // stop at the first difference
	fields  []Field
}

// limitDepth is the nesting depth from which messages are compared only as bytes.
const limitDepth = 200

// anyDepth is the number of levels that an Any counts for. It limits the nesting of Anys.
const anyDepth = limitDepth / 10

// plain compares two messages of the same type. path is the prefix of the field names.
func (d *messages) plain(path string, a, b protoreflect.Message) { d.message(path, a, b, 0) }

// same reports whether two messages of the same type mean the same.
func (d *messages) same(a, b protoreflect.Message, depth int) bool {
	sub := messages{renames: d.renames, stop: true}
	sub.message("", a, b, depth)
	return len(sub.fields) == 0
}

func (d *messages) done() bool { return d.stop && len(d.fields) > 0 }

func (d *messages) message(path string, a, b protoreflect.Message, depth int) {
	if depth > limitDepth {
		if !proto.Equal(a.Interface(), b.Interface()) {
			d.changed(path, describe(a), describe(b))
		}
		return
	}
	switch x := a.Interface().(type) {
	case *tfpb.TensorProto:
		d.tensor(path, newTensor(x, nil), newTensor(b.Interface().(*tfpb.TensorProto), nil))
		return
	case *tfpb.TensorShapeProto:
		if y := b.Interface().(*tfpb.TensorShapeProto); !sameShape(x, y) {
			d.changed(path, shapeText(x), shapeText(y))
		}
		d.unknown(path, a, b)
		return
	case *tfpb.ValuesDef:
		y := b.Interface().(*tfpb.ValuesDef)
		d.set(join(path, "values"), x.GetValues(), y.GetValues())
		d.field(join(path, "external_values"), fieldOf(a, "external_values"), a, b, depth)
		d.unknown(path, a, b)
		return
	case *anypb.Any:
		if d.any(path, x, b.Interface().(*anypb.Any), depth) {
			return
		}
	}
	for _, f := range fields(a) {
		if d.field(join(path, string(f.Name())), f, a, b, depth); d.done() {
			return
		}
	}
	d.unknown(path, a, b)
}

// field compares one field of two messages.
func (d *messages) field(path string, f protoreflect.FieldDescriptor, a, b protoreflect.Message, depth int) {
	switch {
	case f.IsMap():
		d.maps(path, f, a.Get(f).Map(), b.Get(f).Map(), depth)
	case f.IsList():
		d.lists(path, f, a.Get(f).List(), b.Get(f).List(), depth)
	case f.HasPresence() && a.Has(f) != b.Has(f):
		if a.Has(f) {
			d.removed(path, textOf(f, a.Get(f)))
		} else {
			d.added(path, textOf(f, b.Get(f)))
		}
	case f.HasPresence() && !a.Has(f):
	default:
		d.value(path, f, a.Get(f), b.Get(f), depth)
	}
}

// value compares two single values of a field.
func (d *messages) value(path string, f protoreflect.FieldDescriptor, a, b protoreflect.Value, depth int) {
	if f.Message() != nil {
		d.message(path, a.Message(), b.Message(), depth+1)
		return
	}
	if !d.sameScalar(f, a, b) {
		d.changed(path, elementText(f, a), elementText(f, b))
	}
}

func (d *messages) sameScalar(f protoreflect.FieldDescriptor, a, b protoreflect.Value) bool {
	switch f.Kind() {
	case protoreflect.StringKind:
		return a.String() == b.String() || d.renames.follows(a.String(), b.String())
	case protoreflect.BytesKind:
		return bytes.Equal(a.Bytes(), b.Bytes())
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return sameFloat(a.Float(), b.Float()) && math.Signbit(a.Float()) == math.Signbit(b.Float()) || math.IsNaN(a.Float()) && math.IsNaN(b.Float())
	}
	return a.Interface() == b.Interface()
}

// lists compares two lists in order. If their lengths differ, it reports the elements between the common prefix and suffix.
func (d *messages) lists(path string, f protoreflect.FieldDescriptor, a, b protoreflect.List, depth int) {
	same := func(i, j int) bool {
		if f.Message() != nil {
			return d.same(a.Get(i).Message(), b.Get(j).Message(), depth+1)
		}
		return d.sameScalar(f, a.Get(i), b.Get(j))
	}
	start, endA, endB := 0, a.Len(), b.Len()
	if endA != endB && d.stop {
		d.changed(path, "", "") // comparing further at each level would take exponential time
		return
	}
	if endA != endB {
		for start < min(endA, endB) && same(start, start) {
			start++
		}
		for endA > start && endB > start && same(endA-1, endB-1) {
			endA, endB = endA-1, endB-1
		}
	}
	for i := start; i < max(endA, endB) && !d.done(); i++ {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case i < min(endA, endB):
			d.value(at, f, a.Get(i), b.Get(i), depth)
		case i < endA:
			d.removed(at, elementText(f, a.Get(i)))
		default:
			d.added(at, elementText(f, b.Get(i)))
		}
	}
}

// maps compares two maps. A key equals its renamed form.
func (d *messages) maps(path string, f protoreflect.FieldDescriptor, a, b protoreflect.Map, depth int) {
	taken := make(map[any]bool)
	for _, key := range sortedKeys(a) {
		other := key
		if !b.Has(other) && f.MapKey().Kind() == protoreflect.StringKind {
			other = protoreflect.ValueOfString(d.renames.translate(key.String())).MapKey()
		}
		at := join(path, printable.Quote(key.String()))
		if !b.Has(other) || taken[other.Interface()] {
			d.removed(at, elementText(f.MapValue(), a.Get(key)))
		} else {
			taken[other.Interface()] = true
			d.value(at, f.MapValue(), a.Get(key), b.Get(other), depth)
		}
		if d.done() {
			return
		}
	}
	if b.Len() == len(taken) {
		return
	}
	for _, key := range sortedKeys(b) {
		if !taken[key.Interface()] {
			d.added(join(path, printable.Quote(key.String())), elementText(f.MapValue(), b.Get(key)))
		}
	}
}

// set compares two lists regardless of their order.
func (d *messages) set(path string, a, b []string) {
	onlyA, onlyB := differentNames(a, b, d.renames)
	for _, name := range onlyA {
		d.removed(path, printable.Quote(name))
	}
	for _, name := range onlyB {
		d.added(path, printable.Quote(name))
	}
}

// differentNames returns the names that only one of two sets has, in order. A name and its renamed form are equal.
func differentNames(a, b []string, r *renames) (onlyA, onlyB []string) {
	inB := make(map[string]bool, len(b)) // true if the name is also in A or was returned
	for _, name := range b {
		inB[name] = false
	}
	reported := make(map[string]bool)
	for _, name := range a {
		other := name
		_, ok := inB[other]
		if !ok {
			other = r.translate(name)
			_, ok = inB[other]
		}
		if ok {
			inB[other] = true
		} else if !reported[name] {
			reported[name] = true
			onlyA = append(onlyA, name)
		}
	}
	for _, name := range b {
		if !inB[name] {
			inB[name] = true
			onlyB = append(onlyB, name)
		}
	}
	return onlyA, onlyB
}

// any compares the contents of two Anys. It returns false if their types differ or are unknown.
func (d *messages) any(path string, a, b *anypb.Any, depth int) bool {
	if a.GetTypeUrl() != b.GetTypeUrl() {
		return false
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByURL(a.GetTypeUrl())
	if err != nil {
		return false
	}
	x, y := kind.New(), kind.New()
	if schema.Unmarshal(a.GetValue(), x.Interface()) != nil || schema.Unmarshal(b.GetValue(), y.Interface()) != nil {
		return false
	}
	d.message(path, x, y, depth+anyDepth) // decoding each level copies everything inside it
	return true
}

func (d *messages) tensor(path string, a, b *tensor) {
	if a.equal(b) {
		return
	}
	d.fields = append(d.fields, tensorField(path, a, b, d.stop))
}

// tensorField returns the field for the difference of two tensors. If quick is true, it does not count the differing values.
func tensorField(path string, a, b *tensor, quick bool) Field {
	was, now := a.String(), b.String()
	if was == now && !bytes.Equal(a.stray, b.stray) {
		was, now = withDetail(was, now, changed("unread_fields", strayText(a.stray), strayText(b.stray)))
	}
	f := changed(path, was, now)
	if !quick && a.sameType(b) {
		if t := a.compare(b, true); t.Differ > 0 {
			f.Tensor = t
		}
	}
	return f
}

// unknownFieldsName is the path element under which unknown fields are reported.
const unknownFieldsName = "unknown_fields"

// unknown compares the unknown fields of two messages.
func (d *messages) unknown(path string, a, b protoreflect.Message) {
	if x, y := a.GetUnknown(), b.GetUnknown(); !sameUnknown(x, y) {
		d.changed(join(path, unknownFieldsName), unknownText(x), unknownText(y))
	}
}

// bytesText returns the number of bytes and the first few of them.
func bytesText(b []byte) string {
	const most = 16
	text := strconv.Itoa(len(b)) + " bytes"
	if len(b) == 0 {
		return text
	}
	if len(b) > most {
		return text + " " + strconv.Quote(string(b[:most])) + "…"
	}
	return text + " " + strconv.Quote(string(b))
}

func (d *messages) changed(path, a, b string) { d.fields = append(d.fields, changed(path, a, b)) }
func (d *messages) removed(path, a string)    { d.fields = append(d.fields, removed(path, a)) }
func (d *messages) added(path, b string)      { d.fields = append(d.fields, added(path, b)) }

// changed adds a field with a changed value.
func changed(path, a, b string) Field {
	a, b = clip(a, b)
	return Field{Field: path, A: &a, B: &b}
}

// removed adds a field that only A has.
func removed(path, a string) Field {
	a, _ = clip(a, "")
	return Field{Field: path, A: &a}
}

// added adds a field that only B has.
func added(path, b string) Field {
	_, b = clip("", b)
	return Field{Field: path, B: &b}
}

// join joins a path and a field name.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
