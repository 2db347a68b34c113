package render

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/metagraph/metagraph/internal/printable"
)

// errJSON is wrapped by errors about values that JSON cannot represent.
var errJSON = errors.New("write as JSON")

// showJSON prints the fields of all views as one object: "format_version", then "file" if the name is known, then the fields of the
// sections in order. Each element of an array is on its own line, so that programs can read a long listing line by line. If there are
// several files, the object is on one line.
func showJSON(w *printer, views []View, o Options) error {
	e := encoder{w: w, compact: o.Several}
	w.write("{", e.open(1), "\"format_version\": "+strconv.Itoa(formatVersion))
	if o.File != "" {
		w.write(",", e.newline(1), "\"file\": ")
		e.text(o.File)
	}
	if o.Tags != nil {
		w.write(",", e.newline(1), "\"tags\": ")
		e.text(*o.Tags)
	}
	seen := make(map[string]bool)
	for _, v := range views {
		v, err := v.now()
		if err != nil {
			return err
		}
		for _, m := range v.fields {
			if seen[m.key] {
				return fmt.Errorf("%w: two members named %q", errJSON, m.key)
			}
			seen[m.key] = true
			w.write(",", e.newline(1))
			e.text(m.key)
			w.write(": ")
			if err := e.member(m.value); err != nil {
				return err
			}
		}
	}
	w.write(e.open(0), "}\n")
	return w.err
}

// jsonLine prints the members of several structs as one object on one line, after "format_version". A part can be a pointer to a struct.
func jsonLine(w *printer, parts ...any) error {
	e := encoder{w: w}
	w.write("{\"format_version\": " + strconv.Itoa(formatVersion))
	separator := ", "
	for _, part := range parts {
		if err := e.fields(reflect.Indirect(reflect.ValueOf(part)), &separator, ""); err != nil {
			return err
		}
	}
	w.write("}\n")
	return w.err
}

// An appender writes itself as JSON, without reflection. It is for values that are printed millions of times. Use AppendJSON for
// strings.
type appender interface {
	AppendJSON(b []byte) []byte
}

// An encoder writes Go values as JSON, with the same tags as encoding/json. There are three differences. Strings that are not UTF-8 become
// {"base64": ...}. Characters that are not printable are escaped. A nil slice becomes [], unless its type marshals itself.
type encoder struct {
	w       *printer
	scratch []byte
	compact bool // everything is on one line
	known   map[reflect.Type][]structField
	field   func(reflect.Value) error // writes the value of a field of a struct; nil: value
}

// newline returns the separator of the members and elements at a level of nesting: a line break with an indent, or a space.
func (e *encoder) newline(level int) string {
	if !e.compact {
		return "\n" + strings.Repeat("  ", level)
	}
	return " "
}

// open returns the separator between a brace or bracket and its contents.
func (e *encoder) open(level int) string {
	if e.compact {
		return ""
	}
	return e.newline(level)
}

// member writes the value of a member of the outermost object.
func (e *encoder) member(value any) error {
	if elements, ok := value.(parts[any]); ok {
		return e.elements(elements)
	}
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() && !marshalsItself(v) {
		v = v.Elem()
	}
	switch {
	case v.IsValid() && v.Kind() == reflect.Slice && !marshalsItself(v):
		return e.elements(onePart(func(yield func(any, error) bool) {
			for i := range v.Len() {
				if !yield(v.Index(i).Interface(), nil) {
					return
				}
			}
		}))
	case v.IsValid() && v.Kind() == reflect.Struct && !marshalsItself(v) && !e.compact:
		return e.object(v, e.newline(2), e.newline(1))
	}
	return e.value(v)
}

// elements writes an array, with each element on its own line.
func (e *encoder) elements(elements parts[any]) error {
	e.w.write("[")
	before, separator := e.w.written, ","+e.newline(2)
	withoutComma := &skipper{w: e.w, skip: len(separator) - len(e.open(2))}
	err := writeParts(withoutComma, elements, func(w *printer) func(any) error {
		part := encoder{w: w, compact: e.compact}
		return func(value any) error {
			w.write(separator)
			return part.value(reflect.ValueOf(value))
		}
	})
	if err != nil {
		return err
	}
	if e.w.written > before {
		e.w.write(e.open(1))
	}
	e.w.write("]")
	return e.w.err
}

// A skipper drops the first bytes that are written.
type skipper struct {
	w    io.Writer
	skip int
}

func (s *skipper) Write(p []byte) (int, error) {
	skipped := min(s.skip, len(p))
	s.skip -= skipped
	n, err := s.w.Write(p[skipped:])
	return skipped + n, err
}

// object writes the exported fields of a struct. It writes before ahead of the first key, and after following the last value.
func (e *encoder) object(v reflect.Value, before, after string) error {
	e.w.write("{")
	separator := before
	if err := e.fields(v, &separator, before); err != nil {
		return err
	}
	if separator != before {
		e.w.write(after)
	}
	e.w.write("}")
	return e.w.err
}

// fields writes the members of a struct, including those of its embedded structs.
func (e *encoder) fields(v reflect.Value, separator *string, before string) error {
	for _, f := range e.structFields(v.Type()) {
		field := v.Field(f.index)
		if f.embedded && reflect.Indirect(field).Kind() == reflect.Struct {
			if err := e.fields(reflect.Indirect(field), separator, before); err != nil {
				return err
			}
			continue
		}
		if f.omitEmpty && isEmpty(field) || f.omitZero && field.IsZero() {
			continue
		}
		e.w.write(*separator)
		*separator = "," + before
		if before == "" {
			*separator = ", "
		}
		e.text(f.name)
		e.w.write(": ")
		write := e.value
		if e.field != nil {
			write = e.field
		}
		if err := write(field); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// A structField is a field of a struct that JSON has.
type structField struct {
	index     int
	name      string
	embedded  bool // its members are those of the struct
	omitEmpty bool
	omitZero  bool
}

// structFields returns the fields of a struct that JSON has. It reads the tags of each type once.
func (e *encoder) structFields(t reflect.Type) []structField {
	fields, known := e.known[t]
	if known {
		return fields
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "-" && f.IsExported() {
			fields = append(fields, structField{i, cmp.Or(name, f.Name), f.Anonymous && name == "",
				strings.Contains(options, "omitempty"), strings.Contains(options, "omitzero")})
		}
	}
	if e.known == nil {
		e.known = make(map[reflect.Type][]structField)
	}
	e.known[t] = fields
	return fields
}

// isEmpty reports whether encoding/json would omit a value with the option omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// marshalsItself reports whether a type has its own JSON.
func marshalsItself(v reflect.Value) bool {
	switch v.Interface().(type) {
	case appender, json.Marshaler:
		return true
	}
	return false
}

// value writes a value on one line.
func (e *encoder) value(v reflect.Value) error {
	if !v.IsValid() {
		e.w.write("null")
		return e.w.err
	}
	if v.Type().NumMethod() > 0 { // it has exported methods; Interface copies the value
		switch own := v.Interface().(type) {
		case appender:
			e.scratch = own.AppendJSON(e.scratch[:0])
			e.w.writeBytes(e.scratch)
			return e.w.err
		case json.Marshaler:
			if v.Kind() == reflect.Pointer && v.IsNil() {
				e.w.write("null")
				return e.w.err
			}
			b, err := own.MarshalJSON()
			if err != nil {
				return fmt.Errorf("%w: %w", errJSON, err)
			}
			e.w.writeBytes(b)
			return e.w.err
		}
	}
	switch v.Kind() {
	case reflect.Bool:
		e.scratch = strconv.AppendBool(e.scratch[:0], v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.scratch = strconv.AppendInt(e.scratch[:0], v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.scratch = strconv.AppendUint(e.scratch[:0], v.Uint(), 10)
	case reflect.Float32:
		e.scratch = appendJSONFloat(e.scratch[:0], v.Float(), 32)
	case reflect.Float64:
		e.scratch = appendJSONFloat(e.scratch[:0], v.Float(), 64)
	case reflect.String:
		e.text(v.String())
		return nil
	case reflect.Slice, reflect.Array, reflect.Func:
		return e.array(v)
	case reflect.Struct:
		return e.object(v, "", "")
	case reflect.Pointer, reflect.Interface:
		return e.value(v.Elem())
	default:
		return fmt.Errorf("%w: a %s", errJSON, v.Type())
	}
	e.w.writeBytes(e.scratch)
	return e.w.err
}

// array writes a slice or an iter.Seq as an array on one line. A slice of bytes becomes a string.
func (e *encoder) array(v reflect.Value) error {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		e.text(string(v.Bytes()))
		return nil
	}
	e.w.write("[")
	separator := ""
	element := func(v reflect.Value) error {
		e.w.write(separator)
		separator = ", "
		return e.value(v)
	}
	if v.Kind() == reflect.Func {
		for v := range v.Seq() {
			if err := element(v); err != nil {
				return err
			}
		}
	} else {
		for i := range v.Len() {
			if err := element(v.Index(i)); err != nil {
				return err
			}
		}
	}
	e.w.write("]")
	return e.w.err
}

func (e *encoder) text(s string) {
	e.scratch = AppendJSON(e.scratch[:0], s)
	e.w.writeBytes(e.scratch)
}

// appendJSONFloat appends a number in its shortest form. Like protobuf's JSON mapping, it writes values that JSON numbers cannot represent
// as strings: "NaN", "Infinity" and "-Infinity".
func appendJSONFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	if f == 0 && math.Signbit(f) {
		return append(b, "-0.0"...) // Python reads -0 as an integer, which has no sign
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

// AppendJSON appends s as a JSON string, with characters escaped that are not printable. If s is not UTF-8, it appends
// {"base64": ...}.
func AppendJSON[T string | []byte](b []byte, s T) []byte {
	start := len(b)
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendEscaped(b[:start], string(s))
		}
	}
	b = append(b, s...)
	return append(b, '"')
}

// appendEscaped appends a string with characters that must be escaped.
func appendEscaped(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		b = append(b, `{"base64": "`...)
		b = base64.StdEncoding.AppendEncode(b, []byte(s))
		return append(b, `"}`...)
	}
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case ' ' <= r && r <= '~':
			b = append(b, byte(r))
		case printable.Is(string(r)):
			b = utf8.AppendRune(b, r)
		case r > 0xFFFF:
			r -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return append(b, '"')
}

// appendKey appends the key of a member. Keys must be strings, so a key that is not UTF-8 becomes a quoted Go string.
func appendKey[T string | []byte](b []byte, key T) []byte {
	if !utf8.ValidString(string(key)) {
		return AppendJSON(b, strconv.Quote(string(key)))
	}
	return AppendJSON(b, key)
}
