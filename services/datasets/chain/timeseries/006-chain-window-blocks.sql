-- Of each network an hour or a day is read, which is little of its history: from blocks of 64 KiB a column, most of what was unpacked was
-- thrown away. What is there already is written in smaller ones when it is merged.
ALTER TABLE chain_windows MODIFY SETTING min_compress_block_size = 8192, max_compress_block_size = 65536;
