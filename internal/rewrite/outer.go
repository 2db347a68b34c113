package rewrite

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
)

// mapOuter applies the mappings of unbound inputs to names that only collections contain. An example is the predicate of
// a cond outside the exported scope.
func (i *importer) mapOuter() error {
	outer := make(map[string]string)
	for _, m := range i.inputMap.mappings {
		control := m.control()
		name, ok := strings.CutPrefix(strings.TrimPrefix(m.source, "^"), scope.UnboundPrefix)
		if !ok || control && outer[name] != "" {
			continue
		}
		outer[name] = strings.TrimPrefix(m.target, "^")
	}
	for name := range outer {
		_, node, _ := scope.Split([]byte(name))
		if _, found := i.in.index.Find(node); found {
			delete(outer, name)
		}
	}
	i.plan.Outer = outer
	return i.findMissing()
}

// findMissing finds the nodes that collections of an exported scope name although the export did not include them.
func (i *importer) findMissing() error {
	if len(i.plan.Outer) == 0 {
		return nil
	}
	named := make(map[string]bool)
	for raw, value := range i.in.Entries(fieldnum.MetaGraphDef_CollectionDef) {
		t, registered := i.o.Registry.Lookup(string(raw))
		if !registered {
			continue
		}
		for entry := range scope.Entries(value, fieldnum.CollectionDef_BytesList) {
			err := t.Names.Each(entry, func(name []byte, kind scope.Kind) {
				if _, node, _ := scope.Split(name); kind == scope.NodeName && i.plan.Outer[string(scope.Spelling(name))] == "" {
					named[string(node)] = true
				}
			})
			if err != nil {
				return fmt.Errorf("collection %q: %w", raw, err)
			}
		}
	}
	for name := range named {
		if _, found := i.in.index.Find([]byte(name)); found {
			delete(named, name)
		}
	}
	instead, err := findInitializers(i.in.MetaGraph, i.o.Registry, func(node []byte) bool { return !named[string(node)] })
	if err != nil {
		return err
	}
	i.report.Initializers = len(instead)
	i.instead = instead
	for initializer := range instead {
		delete(named, initializer)
	}
	i.plan.Missing, i.plan.Prune = named, len(named) > 0
	return nil
}
