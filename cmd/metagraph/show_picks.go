package main

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/render"
)

// A pick is a filter flag of show with its values.
type pick struct {
	flag   string
	values []string
	kind   filters
}

// picks returns the filter flags that are set.
func (o *showOptions) picks() []pick {
	var given []pick
	for _, p := range []pick{{"--name", o.names, byName}, {"--op", o.ops, byOp}, {"--device", o.devices, byDevice}, {"--scope", o.scopes, byScope}} {
		if len(p.values) > 0 {
			given = append(given, p)
		}
	}
	return given
}

// noteEmpty prints a note to stderr that the filters leave a section empty, and suggests the nearest name. Without the note, an empty
// section would look like a fact about the file.
func (o *showOptions) noteEmpty(env *environment, source *showSource, s section) {
	var flags []string
	near := ""
	for _, p := range o.applicable(s) {
		for _, value := range splitLists(p.values) {
			flags = append(flags, p.flag+" "+value)
			if name := nearest.Name(strings.Trim(value, "*"), source.known(s, p.kind)); near == "" && name != "" {
				near = fmt.Sprintf("; did you mean %q?", name)
			}
		}
	}
	if len(flags) > 0 {
		_ = render.PrintNote(env.stderr, fmt.Sprintf("nothing in %s matches %s%s", s.name, strings.Join(flags, ", "), near), env.notices)
	}
}

// applicable returns the flags in picks that apply to a section.
func (o *showOptions) applicable(s section) []pick {
	var out []pick
	for _, p := range o.picks() {
		if s.filters&p.kind != 0 {
			out = append(out, p)
		}
	}
	return out
}

// known returns the names that a flag can select in a section, for suggestions.
func (s *showSource) known(from section, kind filters) []string {
	if from.name == checkpointSection {
		return namesIn(s.listed)
	}
	meta := s.file.Meta
	switch own := namesOf(from.name); {
	case kind == byScope:
		return inspect.ScopeNames(meta)
	case kind == byOp:
		return suggested(inspect.SuggestOps(meta, ""))
	case kind == byDevice:
		return suggested(inspect.SuggestDevices(meta, ""))
	case own != nil:
		return suggested(own(meta, ""))
	}
	return inspect.NodeNames(meta)
}

// suggested returns the texts of suggestions.
func suggested(list []inspect.Suggestion) []string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Text
	}
	return names
}
