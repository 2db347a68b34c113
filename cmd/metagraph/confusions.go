package main

import (
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/render"
)

// flagConfusion returns a hint about the equivalent of a flag of another program, which is given without its dashes. It returns "" if cmd
// has no equivalent.
func flagConfusion(cmd *cobra.Command, name string) string {
	formats, writes := formatsOf(cmd), cmd.Flags().Lookup("output-format") != nil
	output := name == "o" || name == "out" || name == "output"
	switch {
	case slices.Contains(formats, render.Format(name)):
		return "use --format " + name
	case output && writes:
		return "the output is the second argument: IN OUT"
	case output && formats != nil:
		return "redirect the output: > FILE"
	case writes && (name == "text" || name == "pbtxt"):
		return "use --output-format text"
	case writes && name == "json":
		return "use --output-format json for the graph, or --report json for the report"
	}
	return ""
}

// sectionConfusions returns other common names of sections, with hints about the section.
func sectionConfusions() map[string]string {
	return map[string]string{
		"inputs": "did you mean the section io?", "outputs": "did you mean the section io?", "input": "did you mean the section io?", "output": "did you mean the section io?",
	}
}

// commandConfusions returns commands of other programs, with hints about the equivalent.
func commandConfusions() map[string]string {
	const (
		show   = "use metagraph show FILE"
		freeze = "use metagraph export --freeze --outputs TENSOR IN OUT.pb"
		prune  = "use metagraph export --outputs TENSOR IN OUT"
		text   = "use metagraph export --as-text IN OUT"
		check  = "use metagraph show FILE problems"
		page   = "use metagraph show FILE --open"
	)
	return map[string]string{
		"inspect": show, "info": show, "print": show, "cat": show, "list": show, "ls": show, "describe": show, "summary": show,
		"dump": "use metagraph show FILE, or metagraph export --as-text IN OUT",
		"view": page, "open": page, "browse": page, "graph": page, "plot": page, "visualize": page,
		"freeze": freeze, "freeze_graph": freeze,
		"prune": prune, "cut": prune, "extract": prune, "strip": prune, "subgraph": prune, "optimize": prune,
		"convert": "use metagraph export IN OUT: --as-text, --graph-def, --freeze or --saved-model",
		"serve":   "use metagraph export --saved-model --outputs TENSOR IN OUT",
		"save":    "use metagraph export --saved-model IN OUT", "text": text, "decode": text, "totext": text,
		"lint": check, "check": check, "validate": check, "verify": check, "doctor": check, "problems": check,
		"merge": "use metagraph import --into BASE IN OUT", "join": "use metagraph import --into BASE IN OUT",
		"compare": "use metagraph diff A B", "cmp": "use metagraph diff A B",
		"clear": "use metagraph clear-devices IN OUT", "devices": "use metagraph show FILE devices, or metagraph clear-devices IN OUT",
		"filter":  "use metagraph filter-collections IN OUT --keep GLOB",
		"version": "use metagraph --version",
	}
}

// pathExists reports whether word is the path of an existing file or directory.
func pathExists(word string) bool {
	_, err := os.Stat(word)
	return err == nil
}
