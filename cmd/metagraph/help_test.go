package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelpWidth: the help of every command fits terminals of several widths, and wrapping loses no word.
func TestHelpWidth(t *testing.T) {
	words := func(text string) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(text, " \\\n", " ")), " ")
	}
	eachCommand(newRootCommand(new(environment)), func(cmd *cobra.Command) {
		flags, _, _ := strings.Cut(helpText(cmd, 1000), "Examples:\n")
		for _, width := range []int{80, 100, 120} {
			text := helpText(cmd, width)
			for line := range strings.Lines(text) {
				if line = strings.TrimRight(line, "\n"); len(line) > width {
					t.Errorf("%s: a line has %d columns, want at most %d:\n%s", cmd.CommandPath(), len(line), width, line)
				}
			}
			if !strings.HasPrefix(words(text), words(flags)) {
				t.Errorf("%s: the text at %d columns differs from the text in full:\n%s", cmd.CommandPath(), width, text)
			}
		}
	})
}

// TestFlagUsage: the description of every flag is short.
func TestFlagUsage(t *testing.T) {
	eachCommand(newRootCommand(new(environment)), func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.LocalFlags().FlagUsages()) {
			line = strings.TrimSpace(line)
			if _, text, ok := strings.Cut(line, "   "); ok && len(strings.TrimSpace(text)) > 100 {
				t.Errorf("%s: the description of a flag has over 100 characters: %s", cmd.CommandPath(), line)
			}
		}
	})
}
