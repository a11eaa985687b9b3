// The host of an eie_array under Verilator, driven by the script of eie_array_tb.v with the same
// +script, +images, +out, +limit, +vcd, +from and +to; it prints the same. +trace=FILE gets
// trace_o of each cycle of each layer as bits, the lowest first, in 32-bit words.
#include "host.h"

namespace {

struct Eie : host::Bench {
  char data[2048];

  Eie(int argc, char** argv) : Bench(argc, argv) {
    top->clk_i = top->take_i = top->rst_ni = top->start_i = 0;
    top->io_req_i = top->io_we_i = top->io_mem_i = top->io_pe_i = top->io_addr_i = 0;
    reset();
  }

  void access(bool write, unsigned mem, unsigned pe, unsigned addr) {
    top->io_req_i = 1;
    top->io_we_i = write;
    top->io_mem_i = mem;
    top->io_pe_i = pe;
    top->io_addr_i = addr;
    const auto value = host::parsed(data, host::count_of(top->io_wdata_i));
    std::memcpy(host::words_of(top->io_wdata_i), value.data(), sizeof(EData) * value.size());
    take();
    cycle();
    if (!write) {
      std::fprintf(out, "r %08x %08x %08x ", mem, pe, addr);
      const EData* word = host::words_of(top->io_rdata_o);
      for (size_t at = host::count_of(top->io_rdata_o); at-- > 0;)
        std::fprintf(out, "%08x", word[at]);
      std::fprintf(out, "\n");
    }
    top->io_req_i = 0;
    top->io_we_i = 0;
  }

  // Words of all PEs from a file, PE after PE, straight into the memories.
  void fill(const char* name, unsigned number, unsigned each, bool banks, const char* memory) {
    char path[4096];
    std::snprintf(path, sizeof path, "%s/%s_%u.hex", images.c_str(), name, number);
    FILE* file = std::fopen(path, "r");
    if (!file) host::fail("cannot read %s", path);
    for (unsigned pe = 0;; ++pe) {
      char scope[256];
      std::snprintf(scope, sizeof scope, "TOP.eie_array_shell.dut.g_pe[%u].u_pe.%s", pe, memory);
      const std::string names[2] = {banks ? std::string(scope) + "u_even" : scope,
                                    std::string(scope) + "u_odd"};
      if (pe && !found(names[0].c_str())) break;
      VerilatedVar* bank[2] = {nullptr, nullptr};
      for (int side = 0; side <= banks; ++side) bank[side] = this->memory(names[side].c_str());
      for (unsigned word = 0; word < each; ++word) {
        if (std::fscanf(file, "%2047s", data) != 1) host::fail("%s ends early", path);
        const VerilatedVar* into = bank[banks ? word % 2 : 0];
        const size_t size = into->entSize();
        const auto value = host::parsed(data, (size + 3) / 4);
        char* at = static_cast<char*>(into->datap()) + size * (banks ? word / 2 : word);
        std::memcpy(at, value.data(), size);
      }
    }
    std::fclose(file);
  }

  void play() {
    char command[8];
    unsigned mem, pe, addr;
    bool ends = true;
    while (ends &&
           std::fscanf(script, "%7s %x %x %x %2047s", command, &mem, &pe, &addr, data) == 5) {
      switch (command[0]) {
        case 'w':
        case 'r': access(command[0] == 'w', mem, pe, addr); break;
        case 's': ends = run(); break;
        case 'b':
          fill("pointers", mem, pe, true, "u_ptr_read.");
          fill("spmat", mem, addr, false, "u_spmat_read.u_spmat");
          break;
        default: std::fprintf(out, "unknown command %s\n", command);
      }
    }
    if (ends) std::fprintf(out, "end\n");
  }
};

}  // namespace

int main(int argc, char** argv) {
  Eie(argc, argv).play();
  return 0;
}
