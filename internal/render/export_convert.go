package render

import (
	"fmt"
	"strings"

	"github.com/metagraph/metagraph/internal/rewrite"
)

// converted returns the details about a cut, frozen or edited graph.
func (e Export) converted() []string {
	var out []string
	if len(e.Outputs) > 0 {
		what := endpoints(e.Inputs) + " -> " + endpoints(e.Outputs)
		if e.Signature != "" {
			what = "signature " + Text(e.Signature) + ": " + what
		}
		out = append(out, what)
	}
	if n := len(e.Frozen); n > 0 {
		out = append(out, fmt.Sprintf("froze %s: %s", count(n, "variable"), strings.Join(atMost(texts(e.Frozen), 6), ", ")))
	}
	if e.Saver == "cut" {
		out = append(out, fmt.Sprintf("the saver restores %s", count(len(e.Keys), "tensor")))
	}
	if e.InitOp != "" {
		out = append(out, "init op: "+Text(e.InitOp))
	}
	if n := len(e.AssetFiles); n > 0 {
		names := make([]string, n)
		for i, a := range e.AssetFiles {
			names[i] = a.Filename
		}
		out = append(out, count(n, "asset")+": "+strings.Join(atMost(texts(names), 6), ", "))
	}
	if len(e.Defaults) > 0 {
		out = append(out, "can be fed: "+strings.Join(atMost(texts(e.Defaults), 6), ", "))
	}
	if e.FunctionsDropped > 0 {
		out = append(out, "removed "+count(e.FunctionsDropped, "unused function"))
	}
	for _, s := range e.Shapes {
		out = append(out, fmt.Sprintf("%s: shape %s -> %s", Text(s.Node), s.From, s.To))
	}
	if e.Inferred > 0 {
		out = append(out, "removed outdated inferred shapes from "+count(e.Inferred, "node"))
	}
	for _, a := range e.AttrsDropped {
		if a.Count > 0 {
			out = append(out, fmt.Sprintf("removed attr %s from %s", Text(a.Attr), count(a.Count, "node")))
		}
	}
	return out
}

// convertWarnings returns the warnings about a cut, frozen or edited graph.
func (e Export) convertWarnings() []string {
	var out []string
	if n := len(e.Feeds); n > 0 {
		out = append(out, fmt.Sprintf("%s must also be fed: %s", count(n, "placeholder"), strings.Join(atMost(texts(e.Feeds), 6), ", ")))
	}
	if len(e.Sources) > 0 {
		out = append(out, "the outputs read an input pipeline: "+strings.Join(atMost(texts(e.Sources), 6), ", "))
	}
	if n := len(e.Updates); n > 0 {
		out = append(out, fmt.Sprintf("the frozen graph no longer updates its variables, so results can differ: %s became plain computation (%s)", count(n, "op"), strings.Join(atMost(texts(e.Updates), 4), ", ")))
	}
	if len(e.Tables) > 0 && e.InitOp == "" {
		if len(e.Initializers) > 0 {
			out = append(out, fmt.Sprintf("run %s first%s: it initializes %s", strings.Join(atMost(texts(e.Initializers), 6), ", "), e.feeding(), strings.Join(atMost(texts(e.Tables), 6), ", ")))
		} else {
			out = append(out, "nothing initializes the table "+strings.Join(atMost(texts(e.Tables), 6), ", "))
		}
	}
	for _, a := range e.AttrsDropped {
		switch {
		case a.Count > 0:
		case a.Nearest != "":
			out = append(out, fmt.Sprintf("no node has the attr %s; did you mean %s?", Text(a.Attr), Text(a.Nearest)))
		default:
			out = append(out, "no node has the attr "+Text(a.Attr))
		}
	}
	for _, p := range e.StalePaths {
		out = append(out, fmt.Sprintf("constant %s contains the path %s, which other machines may not have", Text(p.Node), Text(p.Path)))
	}
	for _, c := range e.Constants {
		out = append(out, fmt.Sprintf("constant %s still contains the old size %d; %s reads it as a shape", Text(c.Node), c.Size, Text(c.Reader)))
	}
	return out
}

// feeding returns what to feed to the initializers.
func (e Export) feeding() string {
	if len(e.InitFeeds) == 0 {
		return ""
	}
	return ", feeding " + strings.Join(atMost(texts(e.InitFeeds), 6), ", ")
}

// endpoints returns the inputs or outputs of a signature in one line.
func endpoints(list []rewrite.Tensor) string {
	if len(list) == 0 {
		return "nothing"
	}
	parts := make([]string, len(list))
	for i, t := range list {
		parts[i] = Text(t.Key) + " (" + Text(t.Tensor) + ")"
	}
	return strings.Join(atMost(parts, 6), ", ")
}
