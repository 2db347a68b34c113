package model

import (
	"bytes"
	"strings"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Filter picks nodes. Each kind of condition that is not empty must hold, and it holds where one of its patterns fits. The
// zero value picks everything.
type Filter struct {
	Names   []scope.Glob          // of the node's name
	Ops     []scope.Glob          // of its op
	Devices []scope.DevicePattern // of its device, compared by meaning
	Scopes  []string              // the node is one of these or stands under it; slashes at the end do not count
}

// Empty reports whether the filter picks everything.
func (f *Filter) Empty() bool {
	return len(f.Names)+len(f.Ops)+len(f.Devices)+len(f.Scopes) == 0
}

// Match reports whether the filter picks a node.
func (f *Filter) Match(n *wire.Node) bool {
	return f.Empty() ||
		f.MatchName(n.Name) && MatchAny(f.Ops, n.Op) && f.MatchDevice(n.Device)
}

// MatchName reports whether name and scope of a node, or of a thing that is called like one, are what the filter asks for.
func (f *Filter) MatchName(name []byte) bool { return MatchAny(f.Names, name) && f.inScope(name) }

// MatchKey reports whether a thing that has a name but no place among the nodes (a collection, a signature) is called what the
// filter asks for.
func (f *Filter) MatchKey(key string) bool {
	for _, g := range f.Names {
		if g.Match(key) {
			return true
		}
	}
	return len(f.Names) == 0
}

// MatchAny reports whether one of the globs matches a text, or there is no glob.
func MatchAny(globs []scope.Glob, text []byte) bool {
	if len(globs) == 0 {
		return true
	}
	s := string(text)
	for _, g := range globs {
		if g.Match(s) {
			return true
		}
	}
	return false
}

// MatchDevice reports whether one of the device patterns matches a device string, or there is no pattern.
func (f *Filter) MatchDevice(device []byte) bool {
	for _, d := range f.Devices {
		if d.Match(string(device)) {
			return true
		}
	}
	return len(f.Devices) == 0
}

func (f *Filter) inScope(name []byte) bool {
	for _, s := range f.Scopes {
		s = strings.TrimRight(s, "/")
		if s == "" || bytes.HasPrefix(name, []byte(s)) && (len(name) == len(s) || name[len(s)] == '/') {
			return true
		}
	}
	return len(f.Scopes) == 0
}

// MaxScopeDepth bounds how deep a tree grows: a name of a megabyte of slashes is no tree that anybody looks at.
const MaxScopeDepth = 100
