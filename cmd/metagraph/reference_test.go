package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestReference compares docs/cli and docs/man with the help of the commands. With -update it writes them:
//
//	go test ./cmd/metagraph -run TestReference -update
//
// The test generates the pages itself: cobra/doc would treat help text as markdown, lose the asterisks of GLOB and omit the names
// of flag values. It would also become part of the binary.
func TestReference(t *testing.T) {
	pages := make(map[string]string)
	eachCommand(newRootCommand(new(environment)), func(cmd *cobra.Command) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		pages[filepath.Join("cli", name+".md")] = markdownPage(cmd)
		pages[filepath.Join("man", name+".1")] = manPage(cmd)
	})
	docs := testfiles.Path(t, "docs")
	if *update {
		writePages(t, docs, pages)
	}
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Errorf("%v (go test ./cmd/metagraph -run TestReference -update writes it)", err)
			continue
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("docs/%s is stale; go test ./cmd/metagraph -run TestReference -update writes it (-want +got):\n%s", filepath.ToSlash(name), diff)
		}
	}
	for _, name := range committedPages(t, docs) {
		if _, ok := pages[name]; !ok {
			t.Errorf("docs/%s describes no command", filepath.ToSlash(name))
		}
	}
}

// eachCommand calls visit with a command and its subcommands, sorted by name.
func eachCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	visit(cmd)
	for _, c := range described(cmd) {
		eachCommand(c, visit)
	}
}

// described returns the subcommands of cmd that have pages.
func described(cmd *cobra.Command) []*cobra.Command {
	var out []*cobra.Command
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			out = append(out, c)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name() < out[j].Name() })
	return out
}

// writePages replaces the contents of cli and man by the pages.
func writePages(t *testing.T, docs string, pages map[string]string) {
	t.Helper()
	for _, name := range committedPages(t, docs) {
		if err := os.Remove(filepath.Join(docs, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, page := range pages {
		path := filepath.Join(docs, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// committedPages returns the existing pages by their path below docs.
func committedPages(t *testing.T, docs string) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"cli/*.md", "man/*.1"} {
		paths, err := filepath.Glob(filepath.Join(docs, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			name, err := filepath.Rel(docs, path)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
	}
	return names
}

// unindented returns the lines of an example without their common indentation.
func unindented(example string) []string {
	lines := strings.Split(strings.Trim(example, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return lines
}

// eachFlag calls visit with the flags in the help, sorted by name.
func eachFlag(cmd *cobra.Command, visit func(*pflag.Flag)) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			visit(f)
		}
	})
}

// flagDefault returns the text for the default of a flag, or "" if the default is a zero value.
func flagDefault(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "[]", "-1":
		return ""
	}
	return fmt.Sprintf(" (default %s)", f.DefValue)
}

// synopsis returns the usage line of a command.
func synopsis(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND [FLAG...]"
	}
	return cmd.UseLine()
}

// markdown text

var markdownSpecial = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "|", `\|`)

// markdownPage returns the page of a command in docs/cli.
func markdownPage(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n```\n%s\n```\n", cmd.CommandPath(), markdownSpecial.Replace(cmd.Short), synopsis(cmd))
	for _, p := range paragraphs(cmd.Long) {
		if p.verbatim {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.Join(p.lines, "\n"))
		} else {
			fmt.Fprintf(&b, "\n%s\n", markdownSpecial.Replace(strings.Join(p.lines, "\n")))
		}
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\n## Examples\n\n```sh\n%s\n```\n", strings.Join(unindented(cmd.Example), "\n"))
	}
	if below := described(cmd); len(below) > 0 {
		b.WriteString("\n## Commands\n\n")
		for _, c := range below {
			fmt.Fprintf(&b, "- [%s](%s.md): %s\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), markdownSpecial.Replace(c.Short))
		}
	}
	b.WriteString("\n## Flags\n\n| flag | meaning |\n|---|---|\n")
	eachFlag(cmd, func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if value != "" {
			name += " " + value
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, markdownSpecial.Replace(usage+flagDefault(f)))
	})
	if cmd.HasParent() {
		parent := cmd.Parent().CommandPath()
		fmt.Fprintf(&b, "\nSee also [%s](%s.md).\n", parent, strings.ReplaceAll(parent, " ", "-"))
	}
	return b.String()
}

// roff

var roffSpecial = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)

// roffText returns a line of text with troff's special characters escaped.
func roffText(line string) string {
	line = roffSpecial.Replace(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	return line
}

// roffVerbatim writes lines with their line breaks.
func roffVerbatim(b *strings.Builder, lines []string) {
	b.WriteString(".RS 4\n.nf\n")
	for _, line := range lines {
		b.WriteString(roffText(line) + "\n")
	}
	b.WriteString(".fi\n.RE\n")
}

// manPage returns the manual page of a command. It has no date, so that it changes only with its contents.
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" metagraph \"metagraph manual\"\n", roffText(strings.ToUpper(name)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roffText(name), roffText(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.nf\n%s\n.fi\n", roffText(synopsis(cmd)))
	b.WriteString(".SH DESCRIPTION\n")
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	for i, p := range paragraphs(long) {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		if p.verbatim {
			roffVerbatim(&b, p.lines)
			continue
		}
		for _, line := range p.lines {
			b.WriteString(roffText(line) + "\n")
		}
	}
	if below := described(cmd); len(below) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, c := range below {
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR\n%s\n", roffText(c.CommandPath()), roffText(c.Short))
		}
	}
	b.WriteString(".SH OPTIONS\n")
	eachFlag(cmd, func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		b.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(&b, "\\fB\\-%s\\fR, ", f.Shorthand)
		}
		fmt.Fprintf(&b, "\\fB\\-\\-%s\\fR", roffText(f.Name))
		if value != "" {
			fmt.Fprintf(&b, " \\fI%s\\fR", roffText(value))
		}
		fmt.Fprintf(&b, "\n%s\n", roffText(usage+flagDefault(f)))
	})
	b.WriteString(".SH EXIT STATUS\n0: success, or nothing found; 1: devices, problems, differences or checkpoint mismatches found; 2: error.\n")
	if cmd.Example != "" {
		b.WriteString(".SH EXAMPLES\n")
		roffVerbatim(&b, unindented(cmd.Example))
	}
	var also []string
	if cmd.HasParent() {
		also = append(also, strings.ReplaceAll(cmd.Parent().CommandPath(), " ", "-"))
	}
	for _, c := range described(cmd) {
		also = append(also, strings.ReplaceAll(c.CommandPath(), " ", "-"))
	}
	b.WriteString(".SH SEE ALSO\n")
	for i, page := range also {
		comma := ","
		if i == len(also)-1 {
			comma = ""
		}
		fmt.Fprintf(&b, ".BR %s (1)%s\n", roffText(page), comma)
	}
	return b.String()
}
