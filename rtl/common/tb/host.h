// What a host under Verilator needs, whatever machine it drives: hexadecimal words, plusargs,
// clock edges, a waveform. A host includes it and is a Bench with the commands of its machine.
//
// One evaluation a clock edge: inputs change while the clock is low, through take_i of the shell.
// coverage.dat gets what lines and toggles are counted from a cycle in reset on, if it was built so.
// No bit is unknown here: what is never written is a random number, the same in every run.
#ifndef ACCELSIM_HOST_H
#define ACCELSIM_HOST_H

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "Vtop.h"
#include "verilated.h"
#include "verilated_syms.h"
#if VM_COVERAGE
#include "verilated_cov.h"
#endif
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace host {

[[noreturn]] inline void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::fprintf(stderr, "host: ");
  std::vfprintf(stderr, format, arguments);
  std::fprintf(stderr, "\n");
  va_end(arguments);
  std::exit(1);
}

// A port of up to 64 bits is a number, a wider one an array of words.
template <typename Port>
EData* words_of(Port& port) { return reinterpret_cast<EData*>(&port); }

template <typename Port>
constexpr size_t count_of(const Port&) { return (sizeof(Port) + 3) / 4; }

inline std::vector<EData> parsed(const char* digits, size_t words) {
  std::vector<EData> value(words, 0);
  size_t nibble = 0;
  for (size_t at = std::strlen(digits); at-- > 0; ++nibble) {
    const char one[2] = {digits[at], 0};
    if (nibble / 8 < words) value[nibble / 8] |= std::strtoul(one, nullptr, 16) << (nibble % 8 * 4);
  }
  return value;
}

// Bits of a word, from a place on.
inline uint64_t bits_of(const EData* words, size_t at, size_t bits) {
  uint64_t value = 0;
  for (size_t bit = 0; bit < bits; ++bit)
    value |= static_cast<uint64_t>(words[(at + bit) / 32] >> ((at + bit) % 32) & 1) << bit;
  return value;
}

struct Bench {
  VerilatedContext context;
  std::unique_ptr<Vtop> top;
  FILE* out = nullptr;
  FILE* trace = nullptr;
  FILE* script = nullptr;
  std::string images;
  long limit = 0, from = -1, to = -2;
  bool dumps = false;
#if VM_TRACE
  VerilatedVcdC vcd;
  uint64_t now = 0;
#endif

  Bench(int argc, char** argv) {
    context.commandArgs(argc, argv);
    context.randReset(2);
    context.randSeed(1);
#if VM_TRACE
    context.traceEverOn(true);
#endif
    limit = std::atol(plusarg("limit", "1000000").c_str());
    from = std::atol(plusarg("from", "-1").c_str());
    to = std::atol(plusarg("to", "-2").c_str());
    images = plusarg("images", ".");
    const std::string traces = plusarg("trace", "");
    if (!traces.empty()) trace = std::fopen(traces.c_str(), "wb");
    out = std::fopen(plusarg("out", "out.txt").c_str(), "w");
    script = std::fopen(plusarg("script", "script.txt").c_str(), "r");
    if (!script) fail("cannot read the script");
    if (!out || (!traces.empty() && !trace)) fail("cannot write what it prints");
    top.reset(new Vtop{&context});
#if VM_TRACE
    const std::string wave = plusarg("vcd", "");
    dumps = !wave.empty();
    if (dumps) {
      top->trace(&vcd, 99);
      vcd.open(wave.c_str());
    }
#endif
  }

  ~Bench() {
    std::fclose(script);
    std::fclose(out);
    if (trace) std::fclose(trace);
#if VM_TRACE
    if (dumps) vcd.close();
#endif
    top->final();
#if VM_COVERAGE
    context.coveragep()->write("coverage.dat");
#endif
  }

  std::string plusarg(const char* name, const char* otherwise) {
    const std::string prefix = std::string(name) + "=";
    const std::string found = context.commandArgsPlusMatch(prefix.c_str());
    return found.empty() ? otherwise : found.substr(prefix.size() + 1);
  }

  void edge(bool clock, bool dump) {
    top->clk_i = clock;
    top->eval();
    if (context.gotFinish()) std::exit(0);  // the machine has said why
#if VM_TRACE
    ++now;
    if (dump) vcd.dump(now);
#else
    (void)dump;
#endif
  }

  void cycle(bool dump = false) {
    edge(true, dump);
    edge(false, dump);
  }

  // Lets the machine see the inputs, from this falling edge on.
  void take() {
    top->take_i = 1;
    top->eval();
    top->take_i = 0;
    top->eval();
  }

  // Two cycles of reset; all other inputs are zero.
  void reset() {
    top->eval();  // the first evaluation sees no edge
    take();
    cycle();
#if VM_COVERAGE
    context.coveragep()->zero();  // a random start that reset ends is no toggle
#endif
    cycle();
    top->rst_ni = 1;
  }

  // From the cycle after start_i to the one before done_o; false if it takes too long.
  bool run() {
    top->start_i = 1;
    take();
    cycle(dumps && from <= 0);
    top->start_i = 0;
    take();
    long cycles = 0;
    while (!top->done_o && cycles < limit) {
      if (trace) std::fwrite(words_of(top->trace_o), sizeof(EData), count_of(top->trace_o), trace);
      ++cycles;
      cycle(dumps && cycles >= from && cycles <= to);
    }
    std::fprintf(out, top->done_o ? "cycles %ld\n" : "timeout %ld\n", cycles);
    return top->done_o;
  }

  // The words of a memory, or none.
  VerilatedVar* found(const char* scope) {
    const VerilatedScope* place = context.scopeFind(scope);
    return place ? place->varFind("mem") : nullptr;
  }

  VerilatedVar* memory(const char* scope) {
    VerilatedVar* words = found(scope);
    if (!words) fail("there is no %s.mem", scope);
    return words;
  }
};

}  // namespace host

#endif
