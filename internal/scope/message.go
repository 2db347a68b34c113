package scope

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/wire"
)

// deepest is how deep messages lie in each other before reading ends: protobuf's own limit in TensorFlow.
const deepest = 100

// errTooDeep is what messages that lie too deep in each other lead to.
var errTooDeep = errors.New("messages lie more than 100 deep in each other, which TensorFlow does not read")

// Message appends message with all names in it changed by the plan. What is no name keeps its bytes. The error is a
// *wire.SyntaxError, or says that messages lie too deep in each other.
func (p *Plan) Message(dst, message []byte, names *Names) ([]byte, error) {
	return p.message(dst, message, names, 0)
}

func (p *Plan) message(dst, message []byte, names *Names, depth int) ([]byte, error) {
	if names.Empty() {
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
		// The length is put before the payload when that is there, which moves the payload by a byte or a few.
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

// prunes reports whether an element of a context names, or is itself, what is not there.
func (p *Plan) prunes(element []byte, at *place, depth int) (bool, error) {
	if at.in == nil {
		_, node, _ := Split(element)
		return p.dangles(node), nil
	}
	standing := Nameless
	if err := p.standing(element, at.in, &standing, depth+1); err != nil || standing == Outside {
		return true, err
	}
	return p.needsMissing(element, at.in, depth+1)
}

// needsMissing reports whether a name that message cannot do without is that of a node that goes or is not there. A message
// that is no context can do without none.
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
		} else if _, node, _ := Split(s.Data); at.kind == NodeName && (!at.single || !standsAgain(s, s.Num)) && len(node) > 0 && p.dangles(node) && p.Outer[string(Spelling(s.Data))] == "" {
			return true, nil
		}
	}
	return false, s.Err()
}

// insertLength puts the length of what stands from start on before it.
func insertLength(dst []byte, start int) []byte {
	size := len(dst) - start
	n := protowire.SizeVarint(uint64(size))
	var room [10]byte
	dst = append(dst, room[:n]...)
	copy(dst[start+n:], dst[start:start+size])
	protowire.AppendVarint(dst[start:start:start+n], uint64(size))
	return dst
}

// Each calls use with every name in message, in order, empty ones left out. The error is that of Plan.Message.
func (n *Names) Each(message []byte, use func(name []byte, kind Kind)) error {
	return n.each(message, func(_ *place, name []byte, kind Kind) { use(name, kind) }, 0)
}

func (n *Names) each(message []byte, use func(p *place, name []byte, kind Kind), depth int) error {
	if n.Empty() {
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

// A Standing says how a message lies to what stays.
type Standing int

// The standings.
const (
	Nameless Standing = iota // no leading name stands in it
	Inside                   // all its leading names stay
	Outside                  // one of them goes
)

// Standing tells by its leading names whether a message stays: a VariableDef by its variable_name, a SaverDef by all three
// names. The error is that of Message.
func (p *Plan) Standing(message []byte, names *Names) (Standing, error) {
	standing := Nameless
	err := p.standing(message, names, &standing, 0)
	return standing, err
}

func (p *Plan) standing(message []byte, names *Names, standing *Standing, depth int) error {
	if names.Empty() {
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
			if err := p.standing(s.Data, at.in, standing, depth+1); err != nil {
				return err
			}
		case len(s.Data) > 0 && (!at.single || !standsAgain(s, s.Num)):
			found++
			_, node, _ := Split(s.Data)
			if at.kind == NodeName && !p.keepsName(s.Data) || at.kind == ScopeName && !Under(node, p.Strip) {
				*standing = Outside
			} else if *standing == Nameless {
				*standing = Inside
			}
		}
	}
	if found < names.needed {
		*standing = Outside
	}
	return s.Err()
}

// standsAgain reports whether field num stands in what is left to scan.
func standsAgain(rest wire.Scanner, num protowire.Number) bool {
	for rest.Next() {
		if rest.Is(num) {
			return true
		}
	}
	return false
}

// Leading returns the first leading name in message, nil where there is none. The error is that of Plan.Message.
func (n *Names) Leading(message []byte) ([]byte, error) {
	var first []byte
	var from *place
	err := n.each(message, func(p *place, name []byte, _ Kind) {
		if p.lead && (from == nil || from == p && p.single) {
			first, from = name, p
		}
	}, 0)
	return first, err
}
