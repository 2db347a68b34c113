package main

import "os"

// flagConfusions returns flags of other programs, without their dashes, with hints about the equivalent.
func flagConfusions() map[string]string {
	const out = "the output is the second argument: IN OUT"
	return map[string]string{
		"o": out, "output": out, "out": out,
		"json": "use --format json", "brief": "use --format brief", "markdown": "use --format markdown", "tsv": "use --format tsv",
	}
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
	)
	return map[string]string{
		"inspect": show, "info": show, "print": show, "cat": show, "list": show, "ls": show, "describe": show, "summary": show,
		"dump": "use metagraph show FILE, or metagraph export --as-text IN OUT", "view": show,
		"freeze": freeze, "freeze_graph": freeze,
		"prune": prune, "cut": prune, "extract": prune, "strip": prune, "subgraph": prune, "optimize": prune,
		"convert": "use metagraph export IN OUT: --as-text, --graph-def, --freeze or --saved-model",
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
