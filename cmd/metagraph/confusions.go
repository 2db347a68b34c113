package main

import "os"

// A confusion is a word that users know from another program, and a hint with the equivalent here.
type confusion struct{ typed, hint string }

// flagConfusions returns flags of other programs, without their dashes.
func flagConfusions() []confusion {
	const out = "the output is the second argument: IN OUT"
	return []confusion{
		{"o", out}, {"output", out}, {"out", out},
		{"json", "use --format json"}, {"brief", "use --format brief"}, {"markdown", "use --format markdown"}, {"tsv", "use --format tsv"},
	}
}

// sectionConfusions returns other common names of sections.
func sectionConfusions() []confusion {
	return []confusion{
		{"inputs", "did you mean the section io?"}, {"outputs", "did you mean the section io?"}, {"input", "did you mean the section io?"}, {"output", "did you mean the section io?"},
	}
}

// commandConfusions returns commands of other programs, with the equivalent command.
func commandConfusions() []confusion {
	const (
		show   = "use metagraph show FILE"
		freeze = "use metagraph export --freeze --outputs TENSOR IN OUT.pb"
		prune  = "use metagraph export --outputs TENSOR IN OUT"
		text   = "use metagraph export --as-text IN OUT"
		check  = "use metagraph show FILE problems"
	)
	return []confusion{
		{"inspect", show}, {"info", show}, {"print", show}, {"cat", show}, {"list", show}, {"ls", show}, {"describe", show}, {"summary", show},
		{"dump", "use metagraph show FILE, or metagraph export --as-text IN OUT"}, {"view", show},
		{"freeze", freeze}, {"freeze_graph", freeze},
		{"prune", prune}, {"cut", prune}, {"extract", prune}, {"strip", prune}, {"subgraph", prune}, {"optimize", prune},
		{"convert", "use metagraph export IN OUT: --as-text, --graph-def, --freeze or --saved-model"},
		{"save", "use metagraph export --saved-model IN OUT"}, {"text", text}, {"decode", text}, {"totext", text},
		{"lint", check}, {"check", check}, {"validate", check}, {"verify", check}, {"doctor", check}, {"problems", check},
		{"merge", "use metagraph import --into BASE IN OUT"}, {"join", "use metagraph import --into BASE IN OUT"},
		{"compare", "use metagraph diff A B"}, {"cmp", "use metagraph diff A B"},
		{"clear", "use metagraph clear-devices IN OUT"}, {"devices", "use metagraph show FILE devices, or metagraph clear-devices IN OUT"},
		{"filter", "use metagraph filter-collections IN OUT --keep GLOB"},
		{"version", "use metagraph --version"},
	}
}

// confusionHint returns the hint for a typed word, or "" if the list does not have it.
func confusionHint(list []confusion, typed string) string {
	for _, c := range list {
		if c.typed == typed {
			return c.hint
		}
	}
	return ""
}

// pathExists reports whether word is the path of an existing file or directory.
func pathExists(word string) bool {
	_, err := os.Stat(word)
	return err == nil
}
