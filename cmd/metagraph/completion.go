package main

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/nearest"
)

// The scripts of bash, zsh and fish are the project's own. Cobra's give the whole line to eval, so that commands on it run
// before Enter is pressed, and fail where a quote is open, behind a comma in bash, and behind a backslash in fish: just where
// a GLOB, a list of collections or a strange name is typed.
//
//go:embed completion/metagraph.bash completion/metagraph.zsh completion/metagraph.fish
var completionScripts embed.FS

// powerShell is the shell whose script is cobra's.
const powerShell = "powershell"

// completionShells returns the shells that there are scripts for.
func completionShells() []string { return []string{"bash", "zsh", "fish", powerShell} }

func newCompletionCommand(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the script that completes commands in a shell",
		Long: `completion prints the script for bash, zsh, fish or powershell. With it the Tab key completes commands and flags, and
what stands in the file, once that is on the line: collections, scopes, nodes, devices, tag-sets, sections.

In ~/.bashrc, in ~/.zshrc behind compinit, and in PowerShell's $PROFILE:

  source <(metagraph completion bash)
  source <(metagraph completion zsh)
  metagraph completion powershell | Out-String | Invoke-Expression

Once for fish:

  metagraph completion fish > ~/.config/fish/completions/metagraph.fish

The packages for Linux come with the scripts in their places.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && slices.Contains(completionShells(), args[0]) {
				return nil
			}
			hint := "the shells are " + strings.Join(completionShells(), ", ")
			if len(args) != 1 {
				return usageErrorf(hint, "completion takes one shell")
			}
			if near := nearest.Names(args[0], completionShells(), 1); len(near) > 0 {
				hint = fmt.Sprintf("did you mean %s?", near[0])
			}
			return usageErrorf(hint, "there is no completion for %q", args[0])
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return fixed(completionShells()...)(cmd, args, typed)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == powerShell {
				return cmd.Root().GenPowerShellCompletionWithDesc(env.stdout)
			}
			script, err := completionScripts.ReadFile("completion/metagraph." + args[0])
			if err != nil {
				return err
			}
			_, err = env.stdout.Write(script)
			return err
		},
	}
}
