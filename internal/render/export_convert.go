package render

import (
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/serve"
	"github.com/metagraph/metagraph/internal/wire"
)

// converted adds the details about a cut, frozen or edited graph.
func (e Export) converted(out *remarks) {
	if len(e.Outputs) > 0 {
		signature := ""
		if e.Signature != "" {
			signature = "signature " + Text(e.Signature) + ": "
		}
		out.add("%s%s -> %s", signature, e.endpoints(e.Inputs), e.endpoints(e.Outputs))
	}
	out.countList(did(e.DryRun, "froze", "freeze")+" %s: %s", e.Frozen, 6, "variable")
	if e.Saver == "cut" {
		out.add("the saver restores %s", Count(len(e.Keys), "tensor"))
	}
	if e.InitOp != "" {
		out.add("init op: %s", Text(e.InitOp))
	}
	out.countList("%s: %s", formsOf(e.AssetFiles, func(a *serve.AssetFile) string { return a.Filename }), 6, "asset")
	out.list("can be fed: %s", e.Defaults, 6)
	out.count(did(e.DryRun, "removed", "remove")+" %s", e.FunctionsDropped, "unused function")
	for _, s := range e.Shapes {
		out.add("%s: shape %s -> %s", Text(s.Node), s.From, s.To)
	}
	for _, v := range e.Values {
		out.add("%s: constant %s", Text(v.Node), Text(v.Value))
	}
	out.count(did(e.DryRun, "removed", "remove")+" outdated inferred shapes from %s", e.Inferred, "node")
	for _, a := range e.AttrsDropped {
		if a.Count > 0 {
			out.add(did(e.DryRun, "removed", "remove")+" attr %s from %s", Text(a.Attr), Count(a.Count, "node"))
		}
	}
}

// convertWarnings adds the warnings about a cut, frozen or edited graph.
func (e Export) convertWarnings(out *remarks) {
	out.countList("the outputs depend on %s, such as dropout (%s): the same input can give different outputs", e.Random, 3, "random op")
	out.countList("%s "+agree(len(e.BatchNorms), "uses", "use")+" the statistics of the batch (%s)", e.BatchNorms, 3, "batch normalization")
	out.countList("%s "+agree(len(e.VariableUpdates), "updates", "update")+" a variable each time the outputs are computed (%s)", e.VariableUpdates, 3, "op")
	out.countList("the saver does not restore %s that the outputs need: %s", e.Unrestored, 6, "variable")
	out.countList("%s must also be fed: %s", e.Feeds, 6, "placeholder")
	out.list("the outputs read an input pipeline: %s", e.Sources, 6)
	out.list("a GraphDef has no signature to keep these names: %s", e.unsigned(), 6)
	out.countList("the frozen graph no longer updates its variables, so results can differ: %s updated them before (%s)", e.Updates, 4, "op")
	switch {
	case len(e.Tables) == 0 || e.InitOp != "":
	case len(e.Initializers) == 0:
		out.list("nothing initializes the table %s", e.Tables, 6)
	default:
		feeding := ""
		if len(e.InitFeeds) > 0 {
			feeding = ", feeding " + listText(e.InitFeeds, 6)
		}
		files := ""
		if len(e.InitFiles) > 0 {
			files = " from " + listText(e.InitFiles, 6) + ", which the graph does not include"
		}
		out.add("run %s first%s: it initializes %s%s", listText(e.Initializers, 6), feeding, listText(e.Tables, 6), files)
	}
	for _, a := range e.AttrsDropped {
		switch {
		case a.Count > 0:
		case a.Nearest != "":
			out.add("no node has the attr %s; did you mean %s?", Text(a.Attr), Text(a.Nearest))
		default:
			out.add("no node has the attr %s", Text(a.Attr))
		}
	}
	switch n := len(e.StalePaths); n {
	case 0:
	case 1:
		out.add("constant %s contains the path %s, which other machines may not have", Text(e.StalePaths[0].Node), Text(e.StalePaths[0].Path))
	default:
		out.add("%s contain paths that other machines may not have, such as %s (%s)", Count(n, "constant"), Text(e.StalePaths[0].Path), Text(e.StalePaths[0].Node))
	}
	for _, d := range e.Devices {
		out.add("%s %s placed on %s", Count(d.Nodes, "node"), agree(d.Nodes, "is", "are"), Text(d.Device))
	}
	for _, c := range e.Constants {
		out.add("%s still contains the old size %d; %s reads it", Text(c.Node), c.Size, Text(c.Reader))
	}
}

// unsigned returns the names of the inputs and outputs that only a signature could keep.
func (e Export) unsigned() []string {
	var names []string
	if e.Signature != "" || len(e.Outputs) == 0 {
		return nil
	}
	for _, t := range slices.Concat(e.Inputs, e.Outputs) {
		node := wire.NodeOf(t.Tensor)
		if t.Key != node && t.Key != node[strings.LastIndexByte(node, '/')+1:] {
			names = append(names, t.Key)
		}
	}
	return names
}

// endpoints returns inputs or outputs in one line, with their names in the signature if there is one.
func (e Export) endpoints(list []rewrite.Tensor) string {
	if len(list) == 0 {
		return "nothing"
	}
	parts := make([]string, len(list))
	for i, t := range list {
		parts[i] = Text(t.Tensor)
		if e.Signature != "" {
			parts[i] = Text(t.Key) + " (" + parts[i] + ")"
		}
	}
	return strings.Join(atMost(parts, 6), ", ")
}
