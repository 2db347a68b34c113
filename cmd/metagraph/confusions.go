package main

import "os"

// A confusion is a word that people type for one that means the same elsewhere, and what to say to them.
type confusion struct{ typed, hint string }

// flagConfusions are flags of other programs, without their dashes.
func flagConfusions() []confusion {
	const out = "the output is the second argument: IN OUT"
	return []confusion{
		{"o", out}, {"output", out}, {"out", out},
		{"json", "give --format json"}, {"brief", "give --format brief"}, {"markdown", "give --format markdown"}, {"tsv", "give --format tsv"},
	}
}

// sectionConfusions are other names of sections.
func sectionConfusions() []confusion {
	return []confusion{
		{"inputs", "did you mean io?"}, {"outputs", "did you mean io?"}, {"input", "did you mean io?"}, {"output", "did you mean io?"},
	}
}

// confused returns the hint for a word, "" where it is in no list.
func confused(list []confusion, typed string) string {
	for _, c := range list {
		if c.typed == typed {
			return c.hint
		}
	}
	return ""
}

// isThere reports whether a word that is none of those expected is the name of a file or directory.
func isThere(word string) bool {
	_, err := os.Stat(word)
	return err == nil
}
