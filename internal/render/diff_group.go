package render

import (
	"cmp"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/diff"
)

// A changeGroup is one change and all items with that change.
type changeGroup struct {
	field diff.Field
	names []string
}

// groupChanges returns the changes that several items share, most frequent first, and the remaining changes of each item, in
// order. It omits nested changes.
func groupChanges(changes []diff.Change) (shared []changeGroup, single []diff.Change) {
	at := make(map[string]int)
	var groups []changeGroup
	for _, c := range changes {
		for _, f := range c.Fields {
			key := fieldKey(f)
			i, ok := at[key]
			if !ok {
				i = len(groups)
				at[key] = i
				groups = append(groups, changeGroup{field: f})
			}
			groups[i].names = append(groups[i].names, changeName(c))
		}
	}
	for _, g := range groups {
		if len(g.names) > 1 {
			shared = append(shared, g)
		}
	}
	slices.SortStableFunc(shared, func(x, y changeGroup) int { return cmp.Compare(len(y.names), len(x.names)) })
	for _, c := range changes {
		rest := c
		rest.Fields = nil
		for _, f := range c.Fields {
			if len(groups[at[fieldKey(f)]].names) == 1 {
				rest.Fields = append(rest.Fields, f)
			}
		}
		if len(rest.Fields) > 0 {
			single = append(single, rest)
		}
	}
	return shared, single
}

// fieldKey returns a string that is equal for fields with the same change.
func fieldKey(f diff.Field) string {
	key := f.Field
	for _, s := range []*string{f.A, f.B} {
		if s == nil {
			key += "\x00-"
		} else {
			key += "\x00+" + *s
		}
	}
	if f.Tensor != nil {
		key += "\x00" + tensorDifference(f.Tensor, plainPhrasing())
	}
	return key
}

// changeName returns the name for a change: the new name if there is one.
func changeName(c diff.Change) string {
	if c.NewName != "" {
		return c.NewName
	}
	return c.Name
}

// sumFields counts unshared changes by field. It counts all inputs as one field.
func sumFields(single []diff.Change) []changeGroup {
	at := make(map[string]int)
	var out []changeGroup
	for _, c := range single {
		counted := make(map[string]bool)
		for _, f := range c.Fields {
			name := f.Field
			if strings.HasPrefix(name, "input") {
				name = "inputs"
			}
			if counted[name] {
				continue
			}
			counted[name] = true
			i, ok := at[name]
			if !ok {
				i = len(out)
				at[name] = i
				out = append(out, changeGroup{field: diff.Field{Field: name}})
			}
			out[i].names = append(out[i].names, changeName(c))
		}
	}
	slices.SortStableFunc(out, func(x, y changeGroup) int { return cmp.Compare(len(y.names), len(x.names)) })
	return out
}

// A scopeSum is a scope, or a single name, and the names in it.
type scopeSum struct {
	name   string // with a slash at the end for a scope
	names  []string
	inside []scopeSum // the parts of a scope; nil until needed
}

// sumScopes groups names by scope into about the given number of lines at most. It divides the largest scopes as long as the lines
// suffice. The result is sorted by decreasing number of names.
func sumScopes(names []string, lines int) []scopeSum {
	parts := children(names, "")
	for {
		best := -1
		for i := range parts {
			p := &parts[i]
			if len(p.names) < 2 || best >= 0 && len(p.names) <= len(parts[best].names) || !strings.HasSuffix(p.name, "/") {
				continue
			}
			if p.inside == nil {
				p.inside = children(p.names, p.name)
			}
			if len(parts)-1+len(p.inside) <= lines {
				best = i
			}
		}
		if best < 0 {
			break
		}
		parts = slices.Replace(parts, best, best+1, parts[best].inside...)
	}
	slices.SortStableFunc(parts, func(x, y scopeSum) int { return cmp.Compare(len(y.names), len(x.names)) })
	return parts
}

// children counts the names in a scope by their next part.
func children(names []string, scope string) []scopeSum {
	at := make(map[string]int)
	var out []scopeSum
	for _, name := range names {
		child := name
		if i := strings.IndexByte(name[len(scope):], '/'); i >= 0 {
			child = name[:len(scope)+i+1]
		}
		i, ok := at[child]
		if !ok {
			i = len(out)
			at[child] = i
			out = append(out, scopeSum{name: child})
		}
		out[i].names = append(out[i].names, name)
	}
	return out
}
