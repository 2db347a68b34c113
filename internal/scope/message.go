package scope

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// deepest is the maximum nesting depth of messages: protobuf's limit in TensorFlow.
const deepest = 100

// errTooDeep is the error for messages that are nested too deep.
var errTooDeep = errors.New("messages are nested more than 100 levels deep, which TensorFlow rejects")

// Message appends message with all its names changed by the plan. Other bytes stay unchanged. The error is a
// *wire.SyntaxError, or an error for messages that are nested too deep.
func (p *Plan) Message(dst, message []byte, names *Names) ([]byte, error) {
	return p.message(dst, message, names, 0)
}

func (p *Plan) message(dst, message []byte, names *Names, depth int) ([]byte, error) {
	if names.empty() {
		return append(dst, message...), nil
	}
	if depth > deepest {
		return dst, errTooDeep
	}
	s := wire.Scan(message)
	for s.Next() {
		place := names.at(s.Num)
		if place == nil || s.Type != protowire.BytesType {
			dst = append(dst, s.Raw...)
			continue
		}
		if place.prune && p.Prune {
			if goes, err := p.prunes(s.Data, place, depth); goes || err != nil {
				if err != nil {
					return dst, err
				}
				continue
			}
		}
		// The length is inserted before the payload once the payload is written, which moves it by a few bytes.
		dst = protowire.AppendTag(dst, s.Num, protowire.BytesType)
		start := len(dst)
		if place.in == nil {
			dst = p.appendName(dst, s.Data, place.kind)
		} else {
			var err error
			if dst, err = p.message(dst, s.Data, place.in, depth+1); err != nil {
				return dst, err
			}
		}
		dst = insertLength(dst, start)
	}
	return dst, s.Err()
}

// prunes reports whether an element of a context is, or names, a node that does not exist in the result.
func (p *Plan) prunes(element []byte, at *place, depth int) (bool, error) {
	if at.in == nil {
		_, node, _ := Split(element)
		return p.dangles(node), nil
	}
	membership := nameless
	if err := p.findMembership(element, at.in, &membership, depth+1); err != nil || membership == outside {
		return true, err
	}
	return p.needsMissing(element, at.in, depth+1)
}

// needsMissing reports whether message requires a node that is removed or missing. All names in a message are required,
// except the elements of a context.
func (p *Plan) needsMissing(message []byte, names *Names, depth int) (bool, error) {
	if depth > deepest {
		return false, errTooDeep
	}
	s := wire.Scan(message)
	for s.Next() {
		at := names.at(s.Num)
		if at == nil || at.prune || s.Type != protowire.BytesType {
			continue
		}
		if at.in != nil {
			if missing, err := p.needsMissing(s.Data, at.in, depth+1); missing || err != nil {
				return missing, err
			}
		} else if _, node, _ := Split(s.Data); at.kind == NodeName && (!at.single || !occursAgain(s, s.Num)) && len(node) > 0 && p.dangles(node) && p.Outer[string(Spelling(s.Data))] == "" {
			return true, nil
		}
	}
	return false, s.Err()
}

// insertLength inserts, at start, the length of everything that follows start.
func insertLength(dst []byte, start int) []byte {
	size := len(dst) - start
	n := protowire.SizeVarint(uint64(size))
	var room [10]byte
	dst = append(dst, room[:n]...)
	copy(dst[start+n:], dst[start:start+size])
	protowire.AppendVarint(dst[start:start:start+n], uint64(size))
	return dst
}

// Each calls use with every name in message, in order. It skips empty names. The error is that of Plan.Message.
func (n *Names) Each(message []byte, use func(name []byte, kind Kind)) error {
	return n.each(message, func(_ *place, name []byte, kind Kind) { use(name, kind) }, 0)
}

func (n *Names) each(message []byte, use func(p *place, name []byte, kind Kind), depth int) error {
	if n.empty() {
		return nil
	}
	if depth > deepest {
		return errTooDeep
	}
	s := wire.Scan(message)
	for s.Next() {
		place := n.at(s.Num)
		switch {
		case place == nil || s.Type != protowire.BytesType:
		case place.in != nil:
			if err := place.in.each(s.Data, use, depth+1); err != nil {
				return err
			}
		case len(s.Data) > 0:
			use(place, s.Data, place.kind)
		}
	}
	return s.Err()
}

// A membership tells whether a message belongs to what a plan keeps.
type membership int

// The memberships.
const (
	nameless membership = iota // the message has no leading name
	inside                     // all its leading names are kept
	outside                    // one of them is removed
)

// membershipOf decides by its leading names whether a message is kept: a VariableDef by its variable_name, a SaverDef by
// all three names. The error is that of Message.
func (p *Plan) membershipOf(message []byte, names *Names) (result membership, err error) {
	err = p.findMembership(message, names, &result, 0)
	return result, err
}

func (p *Plan) findMembership(message []byte, names *Names, result *membership, depth int) error {
	if names.empty() {
		return nil
	}
	if depth > deepest {
		return errTooDeep
	}
	found := 0
	s := wire.Scan(message)
	for s.Next() {
		at := names.at(s.Num)
		switch {
		case at == nil || !at.lead || s.Type != protowire.BytesType:
		case at.in != nil:
			if err := p.findMembership(s.Data, at.in, result, depth+1); err != nil {
				return err
			}
		case len(s.Data) > 0 && (!at.single || !occursAgain(s, s.Num)):
			found++
			_, node, _ := Split(s.Data)
			if at.kind == NodeName && !p.keepsName(s.Data) || at.kind == ScopeName && !Under(node, p.Strip) {
				*result = outside
			} else if *result == nameless {
				*result = inside
			}
		}
	}
	if found < names.needed {
		*result = outside
	}
	return s.Err()
}

// occursAgain reports whether field num occurs in the rest of the scan.
func occursAgain(rest wire.Scanner, num protowire.Number) bool {
	for rest.Next() {
		if rest.Is(num) {
			return true
		}
	}
	return false
}
