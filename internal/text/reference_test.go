package text_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/metagraph/metagraph/internal/text"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// reference writes a decoded message as text in the simplest way. Tests compare Write with it.
func reference(m protoreflect.Message, indent string) string {
	if m.Descriptor().FullName() == "google.protobuf.Any" {
		if s, ok := referenceAny(m, indent); ok {
			return s
		}
	}
	var b strings.Builder
	fields := m.Descriptor().Fields()
	order := make([]protoreflect.FieldDescriptor, fields.Len())
	for i := range order {
		order[i] = fields.Get(i)
	}
	slices.SortFunc(order, func(x, y protoreflect.FieldDescriptor) int { return cmp.Compare(x.Number(), y.Number()) })
	for _, fd := range order {
		if !m.Has(fd) {
			continue
		}
		switch value := m.Get(fd); {
		case fd.IsMap():
			referenceMap(&b, fd, value.Map(), indent)
		case fd.IsList():
			for i := range value.List().Len() {
				referenceField(&b, fd, value.List().Get(i), indent)
			}
		default:
			referenceField(&b, fd, value, indent)
		}
	}
	return b.String()
}

func referenceField(b *strings.Builder, fd protoreflect.FieldDescriptor, value protoreflect.Value, indent string) {
	if fd.Message() != nil {
		fmt.Fprintf(b, "%s%s {\n%s%s}\n", indent, fd.TextName(), reference(value.Message(), indent+"  "), indent)
		return
	}
	fmt.Fprintf(b, "%s%s: %s\n", indent, fd.Name(), referenceValue(fd, value))
}

func referenceMap(b *strings.Builder, fd protoreflect.FieldDescriptor, m protoreflect.Map, indent string) {
	var keys []protoreflect.MapKey
	for k := range m.Range {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y protoreflect.MapKey) int {
		switch x := x.Interface().(type) {
		case string:
			return cmp.Compare(x, y.String())
		case int32, int64:
			return cmp.Compare(protoreflect.ValueOf(x).Int(), y.Int())
		case uint32, uint64:
			return cmp.Compare(protoreflect.ValueOf(x).Uint(), y.Uint())
		}
		return strings.Compare(x.String(), y.String())
	})
	for _, k := range keys {
		// An entry with both fields set, as Python creates it.
		fmt.Fprintf(b, "%s%s {\n", indent, fd.Name())
		key, value := fd.MapKey(), fd.MapValue()
		if key.HasPresence() || !k.Value().Equal(key.Default()) {
			referenceField(b, key, k.Value(), indent+"  ")
		}
		if v := m.Get(k); value.HasPresence() || !v.Equal(value.Default()) {
			referenceField(b, value, v, indent+"  ")
		}
		fmt.Fprintf(b, "%s}\n", indent)
	}
}

func referenceValue(fd protoreflect.FieldDescriptor, value protoreflect.Value) string {
	switch fd.Kind() {
	case protoreflect.EnumKind:
		if ev := fd.Enum().Values().ByNumber(value.Enum()); ev != nil {
			return string(ev.Name())
		}
		return strconv.Itoa(int(value.Enum()))
	case protoreflect.StringKind:
		return referenceString([]byte(value.String()), true)
	case protoreflect.BytesKind:
		return referenceString(value.Bytes(), false)
	case protoreflect.FloatKind:
		f := value.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return repr(f)
		}
		for digits := 6; ; digits++ {
			rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', digits, 64), 64)
			if float64(float32(rounded)) == f {
				return repr(rounded)
			}
		}
	case protoreflect.DoubleKind:
		return repr(value.Float())
	}
	return value.String()
}

// repr is Python's repr of a float.
func repr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+")
	case f != 0 && (math.Abs(f) < 1e-4 || math.Abs(f) >= 1e16):
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func referenceString(value []byte, runes bool) string {
	var b strings.Builder
	b.WriteByte('"')
	for len(value) > 0 {
		r, n := utf8.DecodeRune(value)
		if c := value[0]; !runes || r == utf8.RuneError && n == 1 || r < utf8.RuneSelf {
			n = 1
			switch {
			case c == '\n':
				b.WriteString(`\n`)
			case c == '\r':
				b.WriteString(`\r`)
			case c == '\t':
				b.WriteString(`\t`)
			case c == '"' || c == '\'' || c == '\\':
				b.WriteString(`\` + string(rune(c)))
			case c < 32 || c > 126:
				fmt.Fprintf(&b, `\%03o`, c)
			default:
				b.WriteByte(c)
			}
		} else {
			b.Write(value[:n])
		}
		value = value[n:]
	}
	b.WriteByte('"')
	return b.String()
}

var readableURL = regexp.MustCompile(`^([\w.~!$&()*+,;=-]|%[0-9a-fA-F]{2})([\w.~!$&()*+,;=/-]|%[0-9a-fA-F]{2})*$`)

// referenceAny expands an Any if Python would do so and could parse the result.
func referenceAny(m protoreflect.Message, indent string) (string, bool) {
	fields := m.Descriptor().Fields()
	url := m.Get(fields.ByNumber(1)).String()
	slash := strings.LastIndexByte(url, '/')
	if slash <= 0 || !readableURL.MatchString(url) {
		return "", false
	}
	desc, err := text.Pool().FindDescriptorByName(protoreflect.FullName(url[slash+1:]))
	if err != nil {
		return "", false
	}
	md, ok := desc.(protoreflect.MessageDescriptor)
	if !ok {
		return "", false
	}
	packed := newMessage(md)
	if err := proto.Unmarshal(m.Get(fields.ByNumber(2)).Bytes(), packed); err != nil {
		return "", false
	}
	return fmt.Sprintf("%s[%s] {\n%s%s}\n", indent, url, reference(packed.ProtoReflect(), indent+"  "), indent), true
}

// newMessage returns an empty message, of a generated type if there is one.
func newMessage(md protoreflect.MessageDescriptor) proto.Message {
	if mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName()); err == nil && mt.Descriptor() == md {
		return mt.New().Interface()
	}
	return dynamicpb.NewMessage(md)
}

// fuzzTypes are the message types that the fuzz tests decode bytes as.
var fuzzTypes = []string{
	"tensorflow.MetaGraphDef", "tensorflow.NodeDef", "tensorflow.TensorProto", "tensorflow.AttrValue", "tensorflow.GraphDebugInfo",
	"google.protobuf.FieldDescriptorProto", "tensorflow.SaverDef", "tensorflow.FunctionDef", "google.protobuf.Any", "tensorflow.CollectionDef",
	"tensorflow.OpDef", "tensorflow.VariableDef", "tensorflow.StructuredValue",
}

// roundTrip checks one message: Write and the reference give the same text, Write and the decoder agree on its validity, and
// parsing the text restores the message.
func roundTrip(t *testing.T, data []byte, md protoreflect.MessageDescriptor) {
	t.Helper()
	defer func() {
		// dynamicpb panics on a map entry whose key has the wrong wire type.
		if r := recover(); r != nil && !strings.Contains(fmt.Sprint(r), "to map key") {
			panic(r)
		}
	}()
	decoded := newMessage(md)
	decodeErr := proto.Unmarshal(data, decoded)
	err := text.Check(data, md, text.Options{AllowUnknown: true})
	if decodeErr != nil {
		if err == nil && !wiretest.HasLongVarint(data) {
			t.Fatalf("no error, but the decoder returns: %v", decodeErr)
		}
		return
	}
	if err != nil {
		if !strings.Contains(err.Error(), "deep") {
			t.Fatalf("the decoder returns no error: %v", err)
		}
		return
	}
	got, err := write(data, md, text.Options{})
	if checked := text.Check(data, md, text.Options{}); !equalErrors(err, checked) {
		t.Fatalf("Write: %v, Check: %v", err, checked)
	}
	if err != nil {
		unknownRoundTrip(t, data, md)
		return
	}
	if want := reference(decoded.ProtoReflect(), ""); got != want {
		t.Fatalf("got:\n%s\nwant:\n%s", got, want)
	}
	parsed, err := text.Parse([]byte(got), md, text.Options{})
	if err != nil {
		t.Fatalf("Parse of the output of Write: %v\n%s", err, got)
	}
	back := newMessage(md)
	if err := proto.Unmarshal(parsed, back); err != nil {
		t.Fatal(err)
	}
	if again := reference(back.ProtoReflect(), ""); again != got {
		t.Fatalf("parsed as:\n%s\nwritten:\n%s", again, got)
	}
}

// unknownRoundTrip checks that unknown fields in the output can be parsed. The result can differ, because the text has no wire
// types: a field with an unexpected wire type becomes a regular one.
func unknownRoundTrip(t *testing.T, data []byte, md protoreflect.MessageDescriptor) {
	t.Helper()
	first, err := write(data, md, text.Options{AllowUnknown: true})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := text.Parse([]byte(first), md, text.Options{AllowUnknown: true})
	if err != nil {
		t.Fatalf("Parse of the output of Write: %v\n%s", err, first)
	}
	if _, err := write(parsed, md, text.Options{AllowUnknown: true}); err != nil {
		t.Fatalf("Write of the result of Parse: %v\n%s", err, first)
	}
}

// FuzzRoundTrip calls roundTrip with arbitrary bytes.
func FuzzRoundTrip(f *testing.F) {
	var cases []struct{ Type, Data string }
	golden(f, "writes.json", &cases)
	for _, c := range cases {
		i := slices.Index(fuzzTypes, c.Type)
		f.Add(uint8(max(i, 0)), unhex(f, c.Data))
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		roundTrip(t, data, descriptor(t, fuzzTypes[int(kind)%len(fuzzTypes)]))
	})
}

// FuzzParse: for any text, Parse does not panic, and writing and parsing its result changes nothing.
func FuzzParse(f *testing.F) {
	var cases []struct{ Type, Text string }
	golden(f, "reads.json", &cases)
	for _, c := range cases {
		i := slices.Index(fuzzTypes, c.Type)
		f.Add(uint8(max(i, 0)), []byte(c.Text))
	}
	f.Fuzz(func(t *testing.T, kind uint8, source []byte) {
		md := descriptor(t, fuzzTypes[int(kind)%len(fuzzTypes)])
		data, err := text.Parse(source, md, text.Options{})
		if err != nil {
			return
		}
		first, err := write(data, md, text.Options{})
		// The bytes of an Any can be given in encoded form, and can then have unknown fields.
		if unknown := (*text.UnknownFieldsError)(nil); errors.As(err, &unknown) && bytes.Contains(source, []byte("type_url")) {
			unknownRoundTrip(t, data, md)
			return
		}
		if err != nil {
			t.Fatalf("Write of the result of Parse: %v", err)
		}
		again, err := text.Parse([]byte(first), md, text.Options{})
		if err != nil {
			t.Fatalf("Parse of the output of Write: %v\n%s", err, first)
		}
		second, err := write(again, md, text.Options{})
		if err != nil || first != second {
			t.Fatalf("first:\n%s\nsecond (%v):\n%s", first, err, second)
		}
	})
}
