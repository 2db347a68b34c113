package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
	"github.com/metagraph/metagraph/internal/nearest"
	"github.com/metagraph/metagraph/internal/render"
)

// A pick is a flag of show that picks from what sections list, with the values that it was given.
type pick struct {
	flag   string
	values []string
	kind   filters
}

// picks returns the flags that pick and were given.
func (o *showOptions) picks() []pick {
	var given []pick
	for _, p := range []pick{{"--name", o.names, byName}, {"--op", o.ops, byOp}, {"--device", o.devices, byDevice}, {"--scope", o.scopes, byScope}} {
		if len(p.values) > 0 {
			given = append(given, p)
		}
	}
	return given
}

// watchPicked makes the sections from which the flags pick tell whether anything is left of them. What it returns is called
// when they have been printed: it says on stderr where nothing was, which a script or a reader would take for an answer
// about the file.
func (o *showOptions) watchPicked(stderr io.Writer, source *showSource, sections []section, views []render.View) func() {
	found := make([]func() bool, len(sections))
	for i, s := range sections {
		if o.heeded(s) != nil {
			views[i], found[i] = views[i].Watched()
		}
	}
	return func() {
		for i, s := range sections {
			if found[i] == nil || found[i]() {
				continue
			}
			var flags []string
			near := ""
			for _, p := range o.heeded(s) {
				for _, value := range p.values {
					flags = append(flags, p.flag+" "+value)
					if names := nearest.Names(strings.Trim(value, "*"), source.known(s, p.kind), 1); near == "" && len(names) > 0 {
						near = fmt.Sprintf("; did you mean %q?", names[0])
					}
				}
			}
			_, _ = fmt.Fprintf(stderr, "note: nothing in %s fits %s%s\n", s.name, render.Message(strings.Join(flags, ", ")), render.Message(near))
		}
	}
}

// heeded returns those of the flags that the section heeds.
func (o *showOptions) heeded(s section) []pick {
	var out []pick
	for _, p := range o.picks() {
		if s.filters&p.kind != 0 {
			out = append(out, p)
		}
	}
	return out
}

// known returns what may have been meant by a flag that picks from a section, where that is found at once.
func (s *showSource) known(from section, kind filters) []string {
	var suggest suggester
	switch kind {
	case byOp:
		suggest = inspect.SuggestOps
	case byDevice:
		suggest = inspect.SuggestDevices
	case byName:
		suggest = namesOf(from.name)
	}
	if suggest == nil {
		return nil
	}
	var names []string
	for _, found := range suggest(s.file.Meta, "") {
		names = append(names, found.Text)
	}
	return names
}
