package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/metafile"
)

// newRootCommand returns the command `metagraph` with all its subcommands.
func newRootCommand(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "metagraph",
		Short: "Inspect, compare and convert TensorFlow graphs without TensorFlow",
		Long: `metagraph inspects, compares and converts TensorFlow graphs and checkpoints without TensorFlow.

FILE and IN can be:
  .meta file       in binary, text or JSON
  checkpoint       its prefix, such as train/model.ckpt-1000, or its directory
  SavedModel       its directory or its saved_model.pb
  GraphDef         such as a frozen graph
  -                standard input

The file type is detected from the content.

OUT can be the same file as IN. It is replaced atomically. Its name sets what is written:
  *.meta           a MetaGraphDef
  *.pb             a GraphDef
  saved_model.pb   a SavedModel
  *.pbtxt          the type of IN, as text
  *.json           the type of IN, as JSON
  other names      the type of IN

Exit codes:
  0  success, or nothing found
  1  devices, problems, differences or checkpoint mismatches found
  2  error`,
		Example: `  metagraph show model.meta
  metagraph clear-devices in.meta out.meta
  metagraph diff old.meta new.meta
  metagraph export --saved-model --outputs probabilities iris served/1
  metagraph filter-collections --keep logits < in.meta > out.meta`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.SetVersionTemplate("metagraph {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	setHelp(root, env)
	root.AddCommand(
		newShowCommand(env),
		newExportCommand(env),
		newImportCommand(env),
		newClearDevicesCommand(env),
		newFilterCollectionsCommand(env),
		newDiffCommand(env),
		newCompletionCommand(env),
	)
	for _, cmd := range root.Commands() {
		rejectEmpty(cmd)
	}
	addCompletion(root)
	checkHelp(root)
	return root
}

// rejectEmpty makes a command reject an empty argument, which comes from a shell variable without a value.
func rejectEmpty(cmd *cobra.Command) {
	check := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if n := slices.Index(args, ""); n >= 0 {
			return usageErrorf("check your shell variables; - is standard input or output", "argument %d is empty", n+1)
		}
		if check == nil {
			return nil
		}
		return check(cmd, args)
	}
}

// checkHelp makes `metagraph help` reject an unknown command. Cobra prints the help of root instead.
func checkHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"}) // it was just added
	help.Args = func(_ *cobra.Command, args []string) error {
		if found, _, _ := root.Find(args); found == root {
			return unknownCommand(root, args)
		}
		return nil
	}
}

// A usageError reports a mistake in the command line.
type usageError struct{ problem, hint string }

func (e *usageError) Error() string { return e.problem }

// Hint returns the hint, which may be empty.
func (e *usageError) Hint() string { return e.hint }

// usageErrorf returns a usageError with a hint, which may be empty.
func usageErrorf(hint, format string, args ...any) error {
	return &usageError{problem: fmt.Sprintf(format, args...), hint: hint}
}

// fileErrorf returns an error about a file, with a hint, which may be empty.
func fileErrorf(file, hint, format string, args ...any) error {
	return &metafile.Error{Name: file, Problem: fmt.Sprintf(format, args...), Advice: hint}
}

// unknownCommand returns an error if the first argument is not a command. Its hint suggests one.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	hint := cmp.Or(commandConfusions()[args[0]], didYouMean("metagraph ", args[0], names), "run metagraph --help for the list of commands")
	if slices.Contains(sectionNames(0), args[0]) {
		hint = "use metagraph show FILE " + args[0]
	}
	if pathExists(args[0]) {
		hint = "metagraph show " + args[0]
	}
	return usageErrorf(hint, "unknown command %q", args[0])
}

// checkCommand returns an error if the first argument is an unknown command, whatever flags follow. Cobra checks flags first: it would
// print the help of root for --help.
func checkCommand(root *cobra.Command, args []string) error {
	first := argument(args, 0)
	if first == "" || strings.HasPrefix(first, "-") || strings.HasPrefix(first, cobra.ShellCompRequestCmd) {
		return nil
	}
	if found, _, _ := root.Find(args); found != root {
		return nil
	}
	return unknownCommand(root, args)
}

// inputAndOutput returns an error for more than two arguments. Its hint explains the arguments of the command.
func inputAndOutput(cmd *cobra.Command, args []string) error {
	if len(args) <= 2 {
		return nil
	}
	hint := fmt.Sprintf("%s takes an input and an output; see metagraph %s --help", cmd.Name(), cmd.Name())
	switch cmd.Name() {
	case "import":
		hint = "import takes an input and an output; name the graph to import into with --into BASE"
	case "filter-collections", "clear-devices":
		hint = cmd.Name() + " takes an input and an output; quote patterns so that the shell does not expand them, and repeat the flag for each"
	}
	return usageErrorf(hint, "too many arguments (%d)", len(args))
}
