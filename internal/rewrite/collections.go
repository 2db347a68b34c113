package rewrite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/wire"
)

// CollectionOptions selects the collections to keep.
type CollectionOptions struct {
	Keep         []match.Glob // drop collections that match none of these; empty: keep all
	Drop         []match.Glob // drop collections that match one of these
	AllowMissing bool         // accept patterns that match nothing
}

// A CollectionsReport lists what FilterCollections did. The keys are in file order.
type CollectionsReport struct {
	Kept    []string `json:"kept"`
	Dropped []string `json:"dropped"`
	// Overridden lists the patterns of CollectionOptions.Keep whose collections are all dropped.
	Overridden []string `json:"-"`
	// OnlyGraph is set if all collections are dropped because the result consists of only the graph.
	OnlyGraph bool `json:"-"`
}

// GraphAlone adapts the report to a result that consists of only the graph. The dropped keys are then sorted.
func (r *CollectionsReport) GraphAlone() {
	r.OnlyGraph = true
	r.Kept, r.Dropped = nil, slices.Sorted(slices.Values(append(r.Dropped, r.Kept...)))
}

// A MissingError lists patterns that match no collection.
type MissingError struct {
	Patterns []string
	keys     []string // the existing collections, sorted
}

func (e *MissingError) Error() string {
	quoted := make([]string, len(e.Patterns))
	for i, p := range e.Patterns {
		quoted[i] = fmt.Sprintf("%q", p)
	}
	if len(quoted) == 1 {
		return "no collection named " + quoted[0]
	}
	return "no collections named " + strings.Join(quoted, ", ")
}

// Hint suggests existing collections.
func (e *MissingError) Hint() string {
	if len(e.keys) == 0 {
		return "the file has no collections"
	}
	var near []string
	for _, p := range e.Patterns {
		for _, key := range nearest.Names(p, e.keys, 3) {
			if !slices.Contains(near, key) {
				near = append(near, key)
			}
		}
	}
	if len(near) > 0 {
		return "did you mean " + draft.Quoted(near) + "?"
	}
	return "available: " + draft.Quoted(e.keys)
}

// FilterCollections removes collections from a MetaGraphDef and changes nothing else. It does not read the graph. The
// error is a *MissingError if a pattern matches no collection and AllowMissing is not set. It is a *wire.SyntaxError if
// the rest of the file, except the graph, is damaged.
func FilterCollections(m *wire.MetaGraph, o CollectionOptions) (*wire.Rope, *CollectionsReport, error) {
	keys := make(map[string]bool)
	report := &CollectionsReport{Kept: []string{}, Dropped: []string{}}
	kept := new(wire.MetaGraph)
	var b wire.Builder
	for _, f := range m.Fields {
		if !f.Is(fieldnum.MetaGraphDef_CollectionDef) {
			b.Field(f)
			kept.Fields = append(kept.Fields, f)
			continue
		}
		raw, _ := wire.MapEntry(f.Data)
		key := string(raw)
		keep := (len(o.Keep) == 0 || matchesAny(o.Keep, key)) && !matchesAny(o.Drop, key)
		if keep {
			b.Field(f)
			kept.Fields = append(kept.Fields, f)
		}
		if keys[key] {
			continue // several entries with the same key are one collection
		}
		keys[key] = true
		if keep {
			report.Kept = append(report.Kept, key)
		} else {
			report.Dropped = append(report.Dropped, key)
		}
	}
	if missing := unused(append(slices.Clone(o.Keep), o.Drop...), keys); len(missing) > 0 && !o.AllowMissing {
		e := &MissingError{Patterns: missing}
		for key := range keys {
			e.keys = append(e.keys, key)
		}
		slices.Sort(e.keys)
		return nil, nil, e
	}
	for _, p := range o.Keep {
		if slices.ContainsFunc(report.Dropped, p.Match) && !slices.ContainsFunc(report.Kept, p.Match) {
			report.Overridden = append(report.Overridden, p.String())
		}
	}
	if err := checkOutsideGraph(kept); err != nil {
		return nil, nil, err
	}
	return m.Original(b.Build()), report, nil
}

// matchesAny reports whether one of the patterns matches name.
func matchesAny(patterns []match.Glob, name string) bool {
	return slices.ContainsFunc(patterns, func(g match.Glob) bool { return g.Match(name) })
}

// unused returns the patterns that match none of the keys.
func unused(patterns []match.Glob, keys map[string]bool) []string {
	var out []string
	for _, p := range patterns {
		found := keys[p.String()] || p.String() == "*" // "*" is not a typo, even if there are no collections
		for key := range keys {
			found = found || p.Match(key)
		}
		if !found {
			out = append(out, p.String())
		}
	}
	return out
}
