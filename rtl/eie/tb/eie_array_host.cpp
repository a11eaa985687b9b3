// The host of an eie_array under Verilator, driven by the script of eie_array_tb.v with the same
// +script, +images, +out, +limit, +vcd, +from and +to; it prints the same. +trace=FILE gets
// trace_o of each cycle of each layer as bits, the lowest first, in 32-bit words.
//
// One evaluation a clock edge: inputs change while the clock is low, through take_i of the shell.
// coverage.dat gets what lines and toggles are counted from a cycle in reset on, if it was built so.
// No bit is unknown here: what is never written is a random number, the same in every run.
#include <cinttypes>
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

namespace {

[[noreturn]] void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::fprintf(stderr, "eie_array_host: ");
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

std::vector<EData> parsed(const char* digits, size_t words) {
  std::vector<EData> value(words, 0);
  size_t nibble = 0;
  for (size_t at = std::strlen(digits); at-- > 0; ++nibble) {
    const char one[2] = {digits[at], 0};
    if (nibble / 8 < words) value[nibble / 8] |= std::strtoul(one, nullptr, 16) << (nibble % 8 * 4);
  }
  return value;
}

struct Bench {
  VerilatedContext context;
  std::unique_ptr<Vtop> top;
  std::string images = ".";
  FILE* out = nullptr;
  FILE* trace = nullptr;
  long limit = 1000000, from = -1, to = -2;
#if VM_TRACE
  VerilatedVcdC vcd;
  uint64_t now = 0;
#endif
  bool dumps = false;

  std::string plusarg(const char* name, const char* otherwise) {
    const std::string prefix = std::string(name) + "=";
    const std::string found = context.commandArgsPlusMatch(prefix.c_str());
    return found.empty() ? otherwise : found.substr(prefix.size() + 1);
  }

  void edge(bool clock, bool dump) {
    top->clk_i = clock;
    top->eval();
    if (context.gotFinish()) std::exit(0);  // the array has said why
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

  // Lets the array see the inputs, from this falling edge on.
  void take() {
    top->take_i = 1;
    top->eval();
    top->take_i = 0;
    top->eval();
  }

  void access(bool write, unsigned mem, unsigned pe, unsigned addr, const char* data) {
    top->io_req_i = 1;
    top->io_we_i = write;
    top->io_mem_i = mem;
    top->io_pe_i = pe;
    top->io_addr_i = addr;
    const auto value = parsed(data, count_of(top->io_wdata_i));
    std::memcpy(words_of(top->io_wdata_i), value.data(), sizeof(EData) * value.size());
    take();
    cycle();
    if (!write) {
      std::fprintf(out, "r %08x %08x %08x ", mem, pe, addr);
      const EData* word = words_of(top->io_rdata_o);
      for (size_t at = count_of(top->io_rdata_o); at-- > 0;) std::fprintf(out, "%08x", word[at]);
      std::fprintf(out, "\n");
    }
    top->io_req_i = 0;
    top->io_we_i = 0;
  }

  bool run_layer() {
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

  // Words of all PEs from a file, PE after PE, straight into the memories.
  void fill(const char* name, unsigned number, unsigned each, bool banks, const char* memory) {
    char path[4096];
    std::snprintf(path, sizeof path, "%s/%s_%u.hex", images.c_str(), name, number);
    FILE* file = std::fopen(path, "r");
    if (!file) fail("cannot read %s", path);
    char digits[2048];
    for (unsigned pe = 0;; ++pe) {
      char scope[256];
      std::snprintf(scope, sizeof scope, "TOP.eie_array_shell.dut.g_pe[%u].u_pe.%s", pe, memory);
      const std::string names[2] = {banks ? std::string(scope) + "u_even" : scope,
                                    std::string(scope) + "u_odd"};
      VerilatedVar* bank[2] = {nullptr, nullptr};
      for (int side = 0; side <= banks; ++side) {
        const VerilatedScope* place = context.scopeFind(names[side].c_str());
        if (place) bank[side] = place->varFind("mem");
        if (!bank[side] && pe) goto done;
        if (!bank[side]) fail("there is no %s.mem", names[side].c_str());
      }
      for (unsigned word = 0; word < each; ++word) {
        if (std::fscanf(file, "%2047s", digits) != 1) fail("%s ends early", path);
        const VerilatedVar* into = bank[banks ? word % 2 : 0];
        const size_t size = into->entSize();
        const auto value = parsed(digits, (size + 3) / 4);
        char* at = static_cast<char*>(into->datap()) + size * (banks ? word / 2 : word);
        std::memcpy(at, value.data(), size);
      }
    }
  done:
    std::fclose(file);
  }

  int run() {
    limit = std::atol(plusarg("limit", "1000000").c_str());
    from = std::atol(plusarg("from", "-1").c_str());
    to = std::atol(plusarg("to", "-2").c_str());
    images = plusarg("images", ".");
    const std::string script = plusarg("script", "script.txt");
    const std::string traces = plusarg("trace", "");
    if (!traces.empty()) trace = std::fopen(traces.c_str(), "wb");
    out = std::fopen(plusarg("out", "out.txt").c_str(), "w");
    FILE* lines = std::fopen(script.c_str(), "r");
    if (!lines) fail("cannot read %s", script.c_str());
    if (!out || (!traces.empty() && !trace)) fail("cannot write what it prints");
    top.reset(new Vtop{&context});
    top->clk_i = top->take_i = top->rst_ni = top->start_i = 0;
    top->io_req_i = top->io_we_i = top->io_mem_i = top->io_pe_i = top->io_addr_i = 0;
#if VM_TRACE
    const std::string wave = plusarg("vcd", "");
    dumps = !wave.empty();
    if (dumps) {
      top->trace(&vcd, 99);
      vcd.open(wave.c_str());
    }
#endif
    top->eval();  // the first evaluation sees no edge
    take();
    cycle();
#if VM_COVERAGE
    context.coveragep()->zero();  // a random start that reset ends is no toggle
#endif
    cycle();
    top->rst_ni = 1;
    char command[8], data[2048];
    unsigned mem, pe, addr;
    bool ends = true;
    while (ends && std::fscanf(lines, "%7s %x %x %x %2047s", command, &mem, &pe, &addr, data) == 5) {
      switch (command[0]) {
        case 'w':
        case 'r': access(command[0] == 'w', mem, pe, addr, data); break;
        case 's': ends = run_layer(); break;
        case 'b':
          fill("pointers", mem, pe, true, "u_ptr_read.");
          fill("spmat", mem, addr, false, "u_spmat_read.u_spmat");
          break;
        default: std::fprintf(out, "unknown command %s\n", command);
      }
    }
    if (ends) std::fprintf(out, "end\n");
    std::fclose(lines);
    std::fclose(out);
    if (trace) std::fclose(trace);
#if VM_TRACE
    if (dumps) vcd.close();
#endif
    top->final();
#if VM_COVERAGE
    context.coveragep()->write("coverage.dat");
#endif
    return 0;
  }
};

}  // namespace

int main(int argc, char** argv) {
  Bench bench;
  bench.context.commandArgs(argc, argv);
  bench.context.randReset(2);
  bench.context.randSeed(1);
#if VM_TRACE
  bench.context.traceEverOn(true);
#endif
  return bench.run();
}
