-- GRAIN: one row per day, identity and part: who it was, how that is known and how sure
-- it is. An identity has one part, unless its key is shared.
with identity_days as (

    select * from {{ ref('int_identity_days') }}

),

rules as (

    select * from {{ ref('int_attribution_rules') }}

),

vendor_users as (

    select * from rules
    where rule_type = 'vendor_user'

),

vendor_accounts as (

    select * from rules
    where rule_type = 'vendor_account'

),

aliases as (

    select * from rules
    where rule_type = 'alias'

),

owners as (

    select * from rules
    where rule_type = 'key_owner'

),

workspaces as (

    select * from rules
    where rule_type = 'workspace'

),

mappings as (

    select
        *,
        count(*) over (partition by rule_type, subject, valid_from) as parts,
        count(cost_center) over (partition by rule_type, subject, valid_from) > 0
            as has_cost_center,
        count(coalesce(user_email, cost_center))
            over (partition by rule_type, subject, valid_from)
        > 0 as names_somebody
    from rules
    where rule_type in (
        'key_mapping', 'project_mapping', 'cost_center', 'project_label'
    )

),

-- The first part of each mapping says whether the mapping counts at all.
first_parts as (

    select * from mappings
    where part_number = 1

),

methods as (

    select * from {{ ref('attribution_methods') }}

),

candidates as (

    select
        identity_days.activity_date,
        identity_days.identity_key,
        identity_days.vendor,
        identity_days.actor_email,
        identity_days.actor_user_id,
        identity_days.api_key_id,
        identity_days.workspace_id,
        identity_days.request_label,
        owners.user_email as owner_email,
        owners.attribution_method as owner_method,
        owners.confidence as owner_confidence,
        vendor_accounts.user_email as account_email,
        vendor_accounts.attribution_method as account_method,
        coalesce(identity_days.actor_email, vendor_users.user_email) as vendor_email,
        coalesce(identity_days.service_account_id, owners.service_account_id)
            as service_account_id,
        coalesce(key_mappings.names_somebody, false) as key_is_mapped,
        coalesce(service_mappings.has_cost_center, false) as service_is_mapped,
        coalesce(workspace_mappings.has_cost_center, false) as workspace_is_mapped,
        coalesce(project_mappings.names_somebody, false) as project_is_mapped,
        coalesce(project_mappings.has_cost_center, false) as project_has_cost_center,
        request_labels.subject is not null as request_is_labeled,
        project_labels.subject is not null as project_is_labeled,
        -- Of a key that is shared nobody knows which part a person's use belongs to.
        case when key_mappings.parts = 1 then key_mappings.cost_center end
            as key_cost_center,
        coalesce(
            key_mappings.purpose,
            service_mappings.purpose,
            workspace_mappings.purpose,
            project_mappings.purpose,
            owners.purpose,
            workspaces.purpose
        ) as purpose
    from identity_days
    left join vendor_users
        on identity_days.actor_user_id = vendor_users.subject
    left join vendor_accounts
        on
            {{ of_vendor('identity_days.vendor', 'identity_days.actor_user_id') }}
            = vendor_accounts.subject
            and identity_days.activity_date >= vendor_accounts.valid_from
            and identity_days.activity_date < vendor_accounts.valid_to
    left join first_parts as key_mappings
        on
            identity_days.api_key_id = key_mappings.subject
            and key_mappings.rule_type = 'key_mapping'
            and identity_days.activity_date >= key_mappings.valid_from
            and identity_days.activity_date < key_mappings.valid_to
    left join owners
        on identity_days.api_key_id = owners.subject
    left join first_parts as service_mappings
        on
            coalesce(identity_days.service_account_id, owners.service_account_id)
            = service_mappings.subject
            and service_mappings.rule_type = 'key_mapping'
            and identity_days.activity_date >= service_mappings.valid_from
            and identity_days.activity_date < service_mappings.valid_to
    left join first_parts as workspace_mappings
        on
            identity_days.workspace_id = workspace_mappings.subject
            and workspace_mappings.rule_type = 'key_mapping'
            and identity_days.activity_date >= workspace_mappings.valid_from
            and identity_days.activity_date < workspace_mappings.valid_to
    left join first_parts as project_mappings
        on
            {{ of_vendor('identity_days.vendor', 'identity_days.workspace_id') }}
            = project_mappings.subject
            and project_mappings.rule_type = 'project_mapping'
            and identity_days.activity_date >= project_mappings.valid_from
            and identity_days.activity_date < project_mappings.valid_to
    left join first_parts as request_labels
        on
            identity_days.request_label = request_labels.subject
            and request_labels.rule_type = 'cost_center'
    left join first_parts as project_labels
        on
            {{ of_vendor('identity_days.vendor', 'identity_days.workspace_id') }}
            = project_labels.subject
            and project_labels.rule_type = 'project_label'
            and identity_days.activity_date >= project_labels.valid_from
            and identity_days.activity_date < project_labels.valid_to
    left join workspaces
        on
            {{ of_vendor('identity_days.vendor', 'identity_days.workspace_id') }}
            = workspaces.subject

),

decided as (

    select
        *,
        {{ decided_by(
            vendor_email='vendor_email',
            account_is_mapped='account_email is not null',
            key_is_mapped='key_is_mapped',
            owner_method='owner_method',
            service_account_id='service_account_id',
            workspace_is_mapped='workspace_is_mapped',
            project_is_mapped='project_is_mapped',
            request_is_labeled='request_is_labeled',
            project_is_labeled='project_is_labeled',
            owner_email='owner_email'
        ) }} as decided_by
    from candidates

),

-- A service account has the cost center of its own mapping, else of the request, its
-- workspace or its project.
with_mappings as (

    select
        *,
        case
            when decided_by != 'service_account' then decided_by
            when service_is_mapped then 'service_mapping'
            when request_is_labeled then 'request_label'
            when workspace_is_mapped then 'workspace_mapping'
            when project_has_cost_center then 'project_mapping'
            when project_is_labeled then 'project_label'
        end as mapped_through
    from decided

),

with_subjects as (

    select
        *,
        {{ by_value('mapped_through', {
            'key_mapping': "'key_mapping'",
            'service_mapping': "'key_mapping'",
            'request_label': "'cost_center'",
            'workspace_mapping': "'key_mapping'",
            'project_mapping': "'project_mapping'",
            'project_label': "'project_label'",
        }) }} as mapped_by,
        {{ by_value('mapped_through', {
            'key_mapping': 'api_key_id',
            'service_mapping': 'service_account_id',
            'request_label': 'request_label',
            'workspace_mapping': 'workspace_id',
            'project_mapping': of_vendor('vendor', 'workspace_id'),
            'project_label': of_vendor('vendor', 'workspace_id'),
        }) }} as mapped_subject
    from with_mappings

),

parted as (

    select
        with_subjects.*,
        mappings.user_email as mapped_email,
        mappings.confidence as mapped_confidence,
        mappings.allocation_method,
        coalesce(mappings.cost_center, with_subjects.key_cost_center)
            as mapped_cost_center,
        coalesce(mappings.part_number, 1) as part_number,
        coalesce(mappings.share_from, 0) as share_from,
        coalesce(mappings.share_to, 1) as share_to,
        coalesce(mappings.share_whole, 1) as share_whole,
        case with_subjects.decided_by
            when 'vendor' then 'vendor_identity'
            when 'vendor_account' then with_subjects.account_method
            when 'key_principal' then 'key_principal'
            when 'key_creator' then 'key_creator'
            when 'service_account' then 'service_account'
            when 'project_mapping' then 'project_mapping'
            when 'request_label' then 'request_label'
            when 'project_label' then 'project_label'
            else
                case
                    when
                        with_subjects.decided_by = 'key_mapping'
                        and mappings.user_email is not null
                        then 'key_mapping'
                    when mappings.cost_center is not null then 'team_mapping'
                    else 'unattributed'
                end
        end as attribution_method
    from with_subjects
    left join mappings
        on
            with_subjects.mapped_subject = mappings.subject
            and with_subjects.mapped_by = mappings.rule_type
            and with_subjects.activity_date >= mappings.valid_from
            and with_subjects.activity_date < mappings.valid_to

),

valued as (

    select
        parted.activity_date,
        parted.identity_key,
        parted.part_number,
        parted.vendor,
        parted.actor_email,
        parted.actor_user_id,
        parted.service_account_id,
        parted.api_key_id,
        parted.workspace_id,
        parted.request_label,
        parted.purpose,
        parted.allocation_method,
        parted.share_from,
        parted.share_to,
        parted.share_whole,
        parted.attribution_method,
        parted.mapped_cost_center,
        cast(
            coalesce(
                case
                    when
                        parted.attribution_method in (
                            'key_mapping', 'team_mapping', 'project_mapping'
                        )
                        then parted.mapped_confidence
                    when parted.attribution_method in ('key_principal', 'key_creator')
                        then parted.owner_confidence
                end,
                case
                    when parted.decided_by = 'workspace_mapping'
                        then methods.workspace_confidence
                end,
                methods.default_confidence
            ) as {{ type_number() }}
        ) as attribution_confidence,
        case parted.attribution_method
            when 'vendor_identity' then parted.vendor_email
            when 'vendor_account' then parted.account_email
            when 'saml_identity' then parted.account_email
            when 'key_mapping' then parted.mapped_email
            when 'project_mapping' then parted.mapped_email
            when 'key_principal' then parted.owner_email
            when 'key_creator' then parted.owner_email
        end as named_email
    from parted
    left join methods
        on parted.attribution_method = methods.attribution_method

),

resolved as (

    select
        valued.*,
        coalesce(aliases.user_email, valued.named_email) as user_email
    from valued
    left join aliases
        on valued.named_email = aliases.subject

)

select * from resolved
