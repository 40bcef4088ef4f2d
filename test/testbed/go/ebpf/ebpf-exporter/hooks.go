package main

import (
	"fmt"
	"log/slog"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

// hook is an event of the kernel with how it is counted.
type hook struct {
	tracepoint string
	metric     string
	help       string
	// Number of counters; which one is counted, key says, and how it is called, label.
	keys  int
	key   func() (asm.Instructions, error)
	label func(key int) string
	// Nil when the hook could not be attached.
	counters *ebpf.Map
	// What is not referred to is detached.
	attached link.Link
}

// tcpStates are those of include/net/tcp_states.h, by number.
var tcpStates = []string{"", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
	"CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV", "BOUND_INACTIVE"}

func attachAll() []*hook {
	if err := rlimit.RemoveMemlock(); err != nil {
		slog.Warn("locked memory stays limited", "error", err.Error())
	}
	hooks := []*hook{
		{tracepoint: "sched_process_exit", metric: "kernel_process_exits_total", help: "Threads and processes that ended.",
			keys: 65, key: exitSignal, label: func(key int) string { return fmt.Sprintf("signal=\"%d\"", key) }},
		{tracepoint: "inet_sock_set_state", metric: "kernel_tcp_states_total", help: "TCP connections that came to a state.",
			keys: len(tcpStates), key: newState, label: func(key int) string { return fmt.Sprintf("state=%q", tcpStates[key]) }},
		{tracepoint: "mark_victim", metric: "kernel_oom_kills_total", help: "Processes killed for want of memory.", keys: 1},
		{tracepoint: "tcp_retransmit_skb", metric: "kernel_tcp_retransmits_total", help: "TCP segments sent again.", keys: 1},
	}
	for _, h := range hooks {
		if err := h.attach(); err != nil {
			h.counters = nil
			slog.Warn("not counted", "hook", h.tracepoint, "error", err.Error())
		}
	}
	return hooks
}

// attach loads a program that adds one to the counter of the event's key.
func (h *hook) attach() error {
	counters, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: uint32(h.keys)})
	if err != nil {
		return err
	}
	instructions := asm.Instructions{asm.Mov.Imm(asm.R6, 0)}
	if h.key != nil {
		if instructions, err = h.key(); err != nil {
			return err
		}
	}
	instructions = append(instructions,
		asm.StoreMem(asm.RFP, -4, asm.R6, asm.Word),
		asm.LoadMapPtr(asm.R1, counters.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "end"),
		asm.Mov.Imm(asm.R1, 1),
		asm.StoreXAdd(asm.R0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("end"),
		asm.Return(),
	)
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.Tracing, AttachType: ebpf.AttachTraceRawTp,
		AttachTo: h.tracepoint, Instructions: instructions, License: "GPL"})
	if err != nil {
		return err
	}
	if h.attached, err = link.AttachTracing(link.TracingOptions{Program: program}); err != nil {
		return err
	}
	h.counters = counters
	return nil
}

// exitSignal leaves the signal that ended the task, 0 for none, in R6: the lower bits of its exit code.
func exitSignal() (asm.Instructions, error) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, err
	}
	var task *btf.Struct
	if err := kernel.TypeByName("task_struct", &task); err != nil {
		return nil, err
	}
	for _, member := range task.Members {
		if member.Name == "exit_code" {
			return asm.Instructions{
				asm.LoadMem(asm.R6, asm.R1, 0, asm.DWord),
				asm.LoadMem(asm.R6, asm.R6, int16(member.Offset.Bytes()), asm.Word),
				asm.And.Imm(asm.R6, 0x7f),
			}, nil
		}
	}
	return nil, fmt.Errorf("task_struct has no exit_code")
}

// newState leaves the third argument in R6: the state a connection comes to.
func newState() (asm.Instructions, error) {
	return asm.Instructions{asm.LoadMem(asm.R6, asm.R1, 16, asm.DWord)}, nil
}
