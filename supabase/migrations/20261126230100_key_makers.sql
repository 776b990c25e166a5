-- Who made a key: an owner sees which keys somebody knows who leaves.

alter table api_keys add column maker_user_id uuid;
alter table api_keys add column maker_email text;
alter table api_keys add column maker_key text collate "C";
alter table api_keys add constraint api_keys_maker
  check (num_nonnulls(maker_user_id, maker_key) <= 1 and (maker_email is null or maker_user_id is not null));

comment on column api_keys.maker_user_id is 'The member who made or replaced it. Null where a key did, or whoever operates the service, or before this was noted.';
comment on column api_keys.maker_email is 'The address of that member then; it stays when he leaves, and goes with the account.';
comment on column api_keys.maker_key is 'The prefix of the key by which it was made or replaced.';
