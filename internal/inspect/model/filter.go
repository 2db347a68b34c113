package model

import (
	"bytes"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Filter selects nodes. A node matches if it satisfies every condition that is not empty. It satisfies a condition
// if it matches one of its patterns. The zero value selects everything.
type Filter struct {
	Names   []match.Glob          // of the node's name
	Ops     []match.Glob          // of its op
	Devices []match.DevicePattern // of its device, compared by meaning
	Scopes  []string              // the node is in one of these scopes or has that name; trailing slashes are ignored
}

// Empty reports whether the filter selects everything.
func (f *Filter) Empty() bool {
	return len(f.Names)+len(f.Ops)+len(f.Devices)+len(f.Scopes) == 0
}

// Match reports whether the filter selects a node.
func (f *Filter) Match(n *wire.Node) bool {
	return f.Empty() ||
		f.MatchName(n.Name) && MatchAny(f.Ops, n.Op) && f.MatchDevice(n.Device)
}

// MatchName reports whether the filter selects a node, or anything named like a node, by name and scope.
func (f *Filter) MatchName(name []byte) bool { return MatchAny(f.Names, name) && f.inScope(name) }

// MatchKey reports whether the filter selects a named item that is not in a scope, such as a collection or a
// signature.
func (f *Filter) MatchKey(key string) bool { return MatchAny(f.Names, key) }

// MatchAny reports whether globs is empty or one of the globs matches text.
func MatchAny[T string | []byte](globs []match.Glob, text T) bool {
	return len(globs) == 0 || slices.ContainsFunc(globs, func(g match.Glob) bool { return g.Match(string(text)) })
}

// MatchDevice reports whether the filter has no device patterns or one of them matches a device string.
func (f *Filter) MatchDevice(device []byte) bool {
	return len(f.Devices) == 0 || slices.ContainsFunc(f.Devices, func(d match.DevicePattern) bool { return d.Match(string(device)) })
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

// MaxScopeDepth limits the depth of a scope tree, so that a name of a megabyte of slashes stays harmless.
const MaxScopeDepth = 100
