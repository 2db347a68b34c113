package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/match"
	"github.com/metagraph/metagraph/internal/metafile"
)

// inputFlags holds the flags for reading inputs, which every command has.
type inputFlags struct {
	format  string
	tagSets []string
	allTags bool // the command takes --tag-set all
}

// register adds the flags to a command.
func (in *inputFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&in.format, "input-format", "auto", "input `FORMAT`: auto (by content), binary, text or json")
	usage := "select the MetaGraphDef with these `TAGS`, comma-separated"
	if in.allTags {
		usage += " (all: every one)"
	}
	cmd.Flags().StringArrayVar(&in.tagSets, "tag-set", nil, usage)
}

// tagSet returns the value of --tag-set, or "".
func (in *inputFlags) tagSet() string { return argument(in.tagSets, 0) }

// open opens an input. Reading standard input from a terminal is a usage error: the user forgot the file.
func (in *inputFlags) open(env *environment, path string) (*metafile.File, error) {
	return in.openOne(env, path, false)
}

// openOne opens an input. If it is one of several, --tag-set is ignored unless it is a SavedModel.
func (in *inputFlags) openOne(env *environment, path string, several bool) (*metafile.File, error) {
	format, err := metafile.ParseFormat(in.format)
	if err != nil {
		return nil, usageErrorf("leave out --input-format to detect the format from the content", "--input-format: %v", err)
	}
	if len(in.tagSets) > 1 {
		return nil, usageErrorf("separate the tags of one MetaGraphDef by commas: --tag-set "+strings.Join(in.tagSets, ","), "--tag-set is repeated %d times", len(in.tagSets))
	}
	if stdinArgument(path) && env.stdinTerminal {
		return nil, usageErrorf("name a file, or pipe one in", "no input: standard input is a terminal")
	}
	options := metafile.OpenOptions{Format: format, TagSet: in.tagSet(), TagSetOptional: several, Stdin: env.stdin}
	switch {
	case in.allTags && options.TagSet == allTagSets:
		options.TagSet, options.AllTagSets = "", true
	case len(in.tagSets) > 0 && options.TagSet == "":
		options.NoTags = true
	}
	file, err := metafile.Open(path, options)
	if err == nil {
		env.limitMemory(file.Size)
	}
	return file, err
}

// stdinArgument reports whether an argument means standard input.
func stdinArgument(arg string) bool { return arg == "" || arg == "-" }

// argument returns argument n, or "" if there is none.
func argument(args []string, n int) string {
	if n < len(args) {
		return args[n]
	}
	return ""
}

// splitLists returns the elements of comma-separated lists, without the spaces after commas.
func splitLists(lists []string) []string {
	var out []string
	for _, list := range lists {
		for i, element := range strings.Split(list, ",") {
			if i > 0 {
				element = strings.TrimLeft(element, " ")
			}
			out = append(out, element)
		}
	}
	return out
}

// globs parses the values of a flag.
func globs(flag string, texts []string) ([]match.Glob, error) {
	var out []match.Glob
	for _, text := range texts {
		glob, err := match.ParseGlob(text)
		if err != nil {
			return nil, usageErrorf("", "%s: %v", flag, err)
		}
		out = append(out, glob)
	}
	return out, nil
}

// shortList joins the first names of a list, quoted, and adds the number of further names.
func shortList(names []string) string {
	const most = 8
	quoted := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	text := strings.Join(quoted, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(", ... (%d more)", more)
	}
	return text
}
