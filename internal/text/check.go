package text

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/wire"
)

// Check returns the error that Write would return, without writing: nil, an *UnknownFieldsError, or an error that
// wraps a *wire.SyntaxError.
func Check(message []byte, md protoreflect.MessageDescriptor, o Options) error {
	p := newPrinter(o)
	p.quiet = true
	return p.root(message, md)
}

// cleanDepth is the depth down to which clean is tried before a closer check. It covers a node and its content, but
// keeps a hostile message from being checked at every level.
const cleanDepth = 8

// clean reports whether Write can write a message without errors. It is one quick pass that ignores order,
// overwritten values and the content of Anys. If it returns false, the message may still be clean.
func (p *printer) clean(data []byte, t *table, depth int) bool {
	if depth < 0 || t.any {
		return false
	}
	s := wire.Scan(data)
	for s.Next() {
		i := t.index(s.Num)
		if i < 0 {
			return false
		}
		f := &t.fields[i]
		switch {
		case s.Type != f.wire:
			if !f.packs || s.Type != protowire.BytesType || !cleanPacked(s.Data, f) {
				return false
			}
		case f.message || f.isMap:
			if !p.clean(content(&s.Field, f), p.subTable(f), depth-1) {
				return false
			}
		case f.utf8:
			if !utf8.Valid(s.Data) {
				return false
			}
		case f.enum != nil && !f.enum.known(s.Uint()):
			return false
		}
	}
	return s.Err() == nil
}

// cleanPacked reports whether a packed field is readable and has no unknown values.
func cleanPacked(data []byte, f *field) bool {
	switch f.wire {
	case protowire.Fixed32Type:
		return len(data)%4 == 0
	case protowire.Fixed64Type:
		return len(data)%8 == 0
	}
	for len(data) > 0 {
		bits, n := scalar(data, f.wire)
		if n < 0 || f.enum != nil && !f.enum.known(bits) {
			return false
		}
		data = data[n:]
	}
	return true
}

// checkDropped checks an occurrence of field f that another field of its oneof replaced. Protobuf parses it before
// dropping it.
func (p *printer) checkDropped(data []byte, f *field) error {
	return p.muted(func() error {
		for s := wire.Scan(data); s.Next(); {
			if s.Num != f.num || !p.known(f, &s.Field) {
				continue
			}
			if err := p.value(&s.Field, f, 0, -1); err != nil {
				return err
			}
		}
		return nil
	})
}

// muted calls look in the state for parts that protobuf parses and then drops.
func (p *printer) muted(look func() error) error {
	quiet, mute := p.quiet, p.mute
	p.quiet, p.mute = true, true
	err := look()
	p.quiet, p.mute = quiet, mute
	return err
}

// checkString returns an error if data is the value of a string field but not valid UTF-8.
func (p *printer) checkString(data []byte, f *field) error {
	if !f.utf8 || utf8.Valid(data) {
		return nil
	}
	at := 0
	for at < len(data) {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return p.at(f, func() error { return p.fail(data[at:], "string is not valid UTF-8") })
}
