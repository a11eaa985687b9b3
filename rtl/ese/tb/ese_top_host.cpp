// The host of an ese_top under Verilator, driven by the script of ese_top_tb.v with the same
// +script, +images, +out, +limit, +vcd, +from and +to; it prints the same. +trace=FILE gets trace_o
// of each cycle of each utterance as bits, the lowest first, in 32-bit words.
#include "host.h"

namespace {

constexpr unsigned REGISTERS = 1, DDR_1 = 4, DDR_2 = 5, RESULTS = 8;
constexpr size_t DIGITS = 1 << 16;  // of the longest word of a script

struct Ese : host::Bench {
  VerilatedVar* ddr_1;
  VerilatedVar* ddr_2;
  unsigned y_first = 0;
  std::vector<char> digits = std::vector<char>(DIGITS);

  Ese(int argc, char** argv) : Bench(argc, argv) {
    top->clk_i = top->take_i = top->rst_ni = top->start_i = 0;
    top->io_req_i = top->io_we_i = top->io_mem_i = top->io_pe_i = top->io_addr_i = 0;
    reset();
    ddr_1 = memory("TOP.ese_top_shell.u_ddr_1");
    ddr_2 = memory("TOP.ese_top_shell.u_ddr_2");
  }

  static EData* word(VerilatedVar* memory, unsigned addr) {
    return reinterpret_cast<EData*>(static_cast<char*>(memory->datap()) + memory->entSize() * addr);
  }

  void put(VerilatedVar* memory, unsigned addr) {
    const auto value = host::parsed(digits.data(), (memory->entSize() + 3) / 4);
    std::memcpy(word(memory, addr), value.data(), memory->entSize());
  }

  void access(bool write, unsigned mem, unsigned pe, unsigned addr) {
    if (write && (mem == DDR_1 || mem == DDR_2)) return put(mem == DDR_1 ? ddr_1 : ddr_2, addr);
    uint64_t got = 0;
    if (mem == RESULTS) {
      const unsigned in_word = top->word_bits_o / top->activation_bits_o;
      // At least a whole number of 32 bits stands behind a word.
      std::vector<EData> whole(ddr_1->entSize() / 4 + 2, 0);
      std::memcpy(whole.data(), word(ddr_1, y_first + addr / in_word), ddr_1->entSize());
      got = host::bits_of(whole.data(), addr % in_word * top->activation_bits_o,
                          top->activation_bits_o);
    } else {
      const auto value = host::parsed(digits.data(), host::count_of(top->io_wdata_i));
      if (write && mem == REGISTERS && addr == 2) y_first = value[0];
      top->io_req_i = 1;
      top->io_we_i = write;
      top->io_mem_i = mem;
      top->io_pe_i = pe;
      top->io_addr_i = addr;
      std::memcpy(host::words_of(top->io_wdata_i), value.data(), sizeof(EData) * value.size());
      take();
      cycle();
      got = top->io_rdata_o;
      top->io_req_i = top->io_we_i = 0;
      take();
    }
    if (!write)
      std::fprintf(out, "r %08x %08x %08x %llx\n", mem, pe, addr,
                   static_cast<unsigned long long>(got));
  }

  void fill(VerilatedVar* memory, const char* name, unsigned job, unsigned count) {
    char path[4096];
    std::snprintf(path, sizeof path, "%s/%s_%u.hex", images.c_str(), name, job);
    FILE* file = std::fopen(path, "r");
    if (!file) host::fail("cannot read %s", path);
    for (unsigned addr = 0; addr < count; ++addr) {
      if (std::fscanf(file, "%65535s", digits.data()) != 1) host::fail("%s ends early", path);
      put(memory, addr);
    }
    std::fclose(file);
  }

  void play() {
    char command[8];
    unsigned mem, pe, addr;
    bool ends = true;
    while (ends && std::fscanf(script, "%7s %x %x %x %65535s", command, &mem, &pe, &addr,
                               digits.data()) == 5) {
      switch (command[0]) {
        case 'w':
        case 'r': access(command[0] == 'w', mem, pe, addr); break;
        case 's': ends = run(); cycle(); break;
        case 'b':
          fill(ddr_1, "ddr_1", mem, pe);
          fill(ddr_2, "ddr_2", mem, addr);
          break;
        default: std::fprintf(out, "unknown command %s\n", command);
      }
    }
    if (ends) std::fprintf(out, "end\n");
  }
};

}  // namespace

int main(int argc, char** argv) {
  Ese(argc, argv).play();
  return 0;
}
