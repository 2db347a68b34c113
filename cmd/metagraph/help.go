package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/render"
)

// The widths of help, in columns.
const (
	helpWidth    = 80  // in a pipe or a file
	maxHelpWidth = 120 // longer lines are hard to read
	minHelpWidth = 40  // narrower terminals wrap the lines themselves
)

// setHelp makes root and its commands print help that fits the terminal of env.
func setHelp(root *cobra.Command, env *environment) {
	width := helpWidth
	if env.width > 0 {
		width = min(max(env.width, minHelpWidth), maxHelpWidth)
	}
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		// Cobra has no place for the error of its help function; run keeps the one of the writer.
		_, _ = io.WriteString(cmd.OutOrStdout(), helpText(cmd, width))
	})
}

// helpText returns the help of a command, in lines of at most width columns. Only a single word can be longer.
func helpText(cmd *cobra.Command, width int) string {
	var b strings.Builder
	for i, p := range paragraphs(cmd.Long) {
		if i > 0 && !p.joined {
			b.WriteString("\n")
		}
		if !p.verbatim {
			writeHanging(&b, "", strings.Join(p.lines, " "), 0, width)
			continue
		}
		for _, line := range p.lines {
			writeListed(&b, line, width)
		}
	}
	b.WriteString("\nUsage:\n")
	if cmd.Runnable() && cmd.HasParent() {
		writeHanging(&b, "  ", cmd.UseLine(), 4, width)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND [flags]\n", cmd.CommandPath())
	}
	if cmd.Example != "" {
		b.WriteString("\nExamples:\n")
		for line := range strings.Lines(cmd.Example) {
			writeExample(&b, strings.TrimSpace(line), width)
		}
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nAvailable Commands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() || c.Name() == "help" {
				writeListed(&b, fmt.Sprintf("%-*s  %s", c.NamePadding(), c.Name(), c.Short), width)
			}
		}
	}
	b.WriteString("\nFlags:\n" + cmd.LocalFlags().FlagUsagesWrapped(width))
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\n")
		writeHanging(&b, "", fmt.Sprintf("Run `%s COMMAND --help` for more about a command.", cmd.CommandPath()), 0, width)
	}
	return b.String()
}

// writeListed writes an indented line of help. If it is a term and its description, separated by two spaces, the description keeps
// its column.
func writeListed(b *strings.Builder, line string, width int) {
	term, text, ok := strings.Cut(line, "  ")
	if !ok {
		writeHanging(b, "  ", line, 2, width)
		return
	}
	text = strings.TrimLeft(text, " ")
	column := 2 + len(line) - len(text)
	writeHanging(b, fmt.Sprintf("  %-*s", column-2, term), text, column, width)
}

// writeExample writes a command line of an example. A comment that does not fit goes above the command. A command that does not fit
// continues on the next line, after a backslash, at a flag, a pipe or a redirection.
func writeExample(b *strings.Builder, line string, width int) {
	if command, comment, ok := strings.Cut(line, "  # "); ok && 2+len(line) > width {
		writeHanging(b, "  # ", comment, 2, width)
		line = strings.TrimRight(command, " ")
	}
	if 2+len(line) <= width {
		b.WriteString("  " + line + "\n")
		return
	}
	var parts []string
	piped := false
	for _, word := range strings.Fields(line) {
		pipe := word == "|" || word == ">"
		if parts == nil || pipe || !piped && len(word) > 1 && word[0] == '-' {
			parts, piped = append(parts, word), pipe
		} else {
			parts[len(parts)-1] += " " + word
		}
	}
	text, column := "  "+parts[0], 2+len(parts[0])
	for _, part := range parts[1:] {
		if column+1+len(part)+len(" \\") > width {
			text, column = text+" \\\n     ", 5
		}
		text, column = text+" "+part, column+1+len(part)
	}
	b.WriteString(text + "\n")
}

// writeHanging writes text in lines of at most width columns. The first begins with lead, the others with indent spaces.
func writeHanging(b *strings.Builder, lead, text string, indent, width int) {
	for i, line := range render.WrapWords(text, width-max(len(lead), indent)) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		b.WriteString(lead + line + "\n")
	}
}

// A paragraph is a part of help text: lines to be filled, or indented lines that keep their breaks.
type paragraph struct {
	verbatim bool
	joined   bool // no blank line separates it from the paragraph before it
	lines    []string
}

// paragraphs splits help text into paragraphs, in order. Their lines have no indent.
func paragraphs(text string) []paragraph {
	var out []paragraph
	fresh := true
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		if line == "" {
			fresh = true
			continue
		}
		verbatim := strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")
		line = strings.TrimPrefix(strings.TrimPrefix(line, "\t"), "  ")
		if fresh || out[len(out)-1].verbatim != verbatim {
			out = append(out, paragraph{verbatim: verbatim, joined: !fresh})
		}
		p := &out[len(out)-1]
		p.lines = append(p.lines, line)
		fresh = false
	}
	return out
}
