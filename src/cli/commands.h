// The subcommands, one file each. Every function adds its command to `root` and returns what runs it.
#pragma once

#include "cli/command_line.h"

namespace fletcher::cli {

Command make_embed_command(CLI::App& root);
Command make_rerank_command(CLI::App& root);
Command make_similarity_command(CLI::App& root);
Command make_tokenize_command(CLI::App& root);
Command make_pull_command(CLI::App& root);
Command make_models_command(CLI::App& root);
Command make_info_command(CLI::App& root);
Command make_bench_command(CLI::App& root);
Command make_verify_command(CLI::App& root);

}  // namespace fletcher::cli
