// Command kubectl-harness judges argument vectors with kubectl's own command tree, without running anything.
//
// "dump" prints every command with its aliases and flags, hidden ones too. "judge" reads one JSON array of strings
// per line and prints, per line, the command that kubectl would choose, each flag assignment in order and the error.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
)

type flagInfo struct {
	Name    string `json:"name"`
	Short   string `json:"short,omitempty"`
	Type    string `json:"type"`
	Implied string `json:"implied,omitempty"`
	Hidden  bool   `json:"hidden,omitempty"`
}

type commandInfo struct {
	Path    string     `json:"path"`
	Aliases []string   `json:"aliases,omitempty"`
	Hidden  bool       `json:"hidden,omitempty"`
	Flags   []flagInfo `json:"flags"`
}

type verdict struct {
	Path []string    `json:"path"`
	Uses [][2]string `json:"uses"`
	Args []string    `json:"args"`
	Dash int         `json:"dash"`
	Kind string      `json:"kind"`
	Err  string      `json:"err,omitempty"`
}

// newRoot builds the tree as the kubectl binary does: with logging flags and cobra's own help command.
func newRoot() *cobra.Command {
	streams := genericiooptions.IOStreams{In: nil, Out: io.Discard, ErrOut: io.Discard}
	root := cmd.NewKubectlCommand(cmd.KubectlOptions{
		Arguments:   []string{"kubectl"},
		ConfigFlags: genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag(),
		IOStreams:   streams,
	})
	root.SetGlobalNormalizationFunc(cliflag.WordSepNormalizeFunc)
	logs.AddFlags(root.PersistentFlags())
	root.InitDefaultHelpCmd()
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	return root
}

func dump(c *cobra.Command, path string, out *[]commandInfo) {
	info := commandInfo{Path: path, Aliases: c.Aliases, Hidden: c.Hidden}
	seen := map[string]bool{}
	add := func(f *pflag.Flag) {
		if seen[f.Name] {
			return
		}
		seen[f.Name] = true
		info.Flags = append(info.Flags, flagInfo{f.Name, f.Shorthand, f.Value.Type(), f.NoOptDefVal, f.Hidden || f.Deprecated != ""})
	}
	c.InheritedFlags()
	c.Flags().VisitAll(add)
	c.PersistentFlags().VisitAll(add)
	sort.Slice(info.Flags, func(i, j int) bool { return info.Flags[i].Name < info.Flags[j].Name })
	*out = append(*out, info)
	for _, child := range c.Commands() {
		name := child.Name()
		if path != "" {
			name = path + " " + name
		}
		dump(child, name, out)
	}
}

func judge(argv []string) verdict {
	root := newRoot()
	v := verdict{Path: []string{}, Uses: [][2]string{}, Args: []string{}, Dash: -1, Kind: "ok"}
	found, rest, err := root.Find(argv)
	for c := found; c != nil && c.HasParent(); c = c.Parent() {
		v.Path = append([]string{c.Name()}, v.Path...)
	}
	if err != nil {
		v.Kind, v.Err = "unknown-command", err.Error()
		return v
	}
	found.InitDefaultHelpFlag()
	found.InheritedFlags()
	flags := found.Flags()
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	err = flags.ParseAll(rest, func(f *pflag.Flag, value string) error {
		if err := flags.Set(f.Name, value); err != nil {
			return err
		}
		v.Uses = append(v.Uses, [2]string{f.Name, value})
		return nil
	})
	if errors.Is(err, pflag.ErrHelp) {
		v.Kind = "help"
		return v
	}
	if err != nil {
		v.Kind, v.Err = "flag-error", err.Error()
		return v
	}
	if help, _ := flags.GetBool("help"); help {
		v.Kind = "help"
	}
	v.Args = append(v.Args, flags.Args()...)
	v.Dash = flags.ArgsLenAtDash()
	return v
}

func main() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	switch mode {
	case "dump":
		var all []commandInfo
		dump(newRoot(), "", &all)
		_ = out.Encode(all)
	case "judge":
		in := bufio.NewScanner(os.Stdin)
		in.Buffer(make([]byte, 1<<20), 1<<26)
		for in.Scan() {
			var argv []string
			if err := json.Unmarshal(in.Bytes(), &argv); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			_ = out.Encode(judge(argv))
		}
	default:
		fmt.Fprintln(os.Stderr, "usage: kubectl-harness dump|judge")
		os.Exit(64)
	}
}
